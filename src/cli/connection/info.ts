import type { ServerConnection, ServerReply } from './server-connection.ts';

/** INFO's fields by name. */
export type Info = ReadonlyMap<string, string>;

export async function readInfo(connection: ServerConnection, ...sections: string[]): Promise<Info> {
  const text = String(await connection.demand('INFO', ...sections));
  return new Map(
    text.split('\r\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return line.startsWith('#') || colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
    }),
  );
}

/** 0 where it is not there. */
export function infoNumber(info: Info, name: string): number {
  return Number(info.get(name) ?? 0) || 0;
}

/** A reply of names and values in turn, names in lower case. */
export function fieldsOf(reply: ServerReply): Map<string, ServerReply> {
  const items = reply as readonly ServerReply[];
  const fields = new Map<string, ServerReply>();
  for (let i = 0; i + 1 < items.length; i += 2) {
    fields.set(String(items[i]).toLowerCase(), items[i + 1] as ServerReply);
  }
  return fields;
}
