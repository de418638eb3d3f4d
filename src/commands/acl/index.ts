import type { Command } from '../command.ts';
import { acl } from './acl.ts';

export const aclCommands: readonly Command[] = [acl];
