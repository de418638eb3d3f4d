import { spawnSync } from 'node:child_process';

/** A Python with torch and torchvision: Debian's packages install them for /usr/bin/python3 only. */
export function findPython(): string | undefined {
  return ['python3', '/usr/bin/python3'].find(
    (command) => spawnSync(command, ['-c', 'import torch, torchvision']).status === 0,
  );
}
