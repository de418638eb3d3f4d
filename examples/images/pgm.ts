/** A grey image, a byte a pixel, row after row. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** @throws TypeError for what is no binary PGM of 8 bits. */
export function readPgm(file: Buffer): GreyImage {
  const head = /^P5\s(\d+)\s(\d+)\s255\s/.exec(file.toString('latin1', 0, 40));
  if (head === null) throw new TypeError('no binary PGM of 8 bits');
  const [width, height] = [Number(head[1]), Number(head[2])];
  return {
    width,
    height,
    pixels: Uint8Array.from(file.subarray(head[0].length, head[0].length + width * height)),
  };
}

export function writePgm({ width, height, pixels }: GreyImage): Buffer {
  return Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), pixels]);
}
