import type { Command } from 'commander';
export function addTop(_program: Command): void {}
