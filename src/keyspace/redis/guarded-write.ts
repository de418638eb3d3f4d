import { errors } from '../../errors.ts';
import { HEAD_FIELD } from './large-value.ts';
import { type AiValue, encodeStored, MARKS, type StoredKind } from './stored-value.ts';

/**
 * Writes or deletes a model or script where the key has none of another kind, at one moment: between MULTI and EXEC nothing can be read first.
 * ARGV: the mark that the value has to begin with; what is said where it begins with something else, and where there is none (empty: that is
 * no matter); the new value, where there is one.
 */
const SCRIPT = `local mark=redis.pcall('GETRANGE',KEYS[1],0,${MARKS.model.length - 1})
if type(mark)=='table' then
  local head=redis.pcall('HGET',KEYS[1],'${HEAD_FIELD}')
  mark=type(head)=='string' and string.sub(head,1,${MARKS.model.length}) or ''
end
if redis.call('EXISTS',KEYS[1])==0 then
  if ARGV[3]~='' then return redis.error_reply(ARGV[3]) end
elseif mark~=ARGV[1] then return redis.error_reply(ARGV[2]) end
if ARGV[4] then return redis.call('SET',KEYS[1],ARGV[4]) end
redis.call('DEL',KEYS[1])
return redis.status_reply('OK')`;

const EMPTY = { model: errors.emptyModelKey, script: errors.emptyScriptKey } as const;
type Guarded = Extract<StoredKind, 'model' | 'script'>;

/** The request that deletes the model or script under a key. */
export function guardedDelete(key: Uint8Array, kind: Guarded): Buffer[] {
  return request(key, kind, EMPTY[kind]().message);
}

/** The request that puts a model or script under a key. */
export function guardedSet(key: Uint8Array, value: Extract<AiValue, { type: Guarded }>): Buffer[] {
  return [...request(key, value.type, ''), Buffer.concat(encodeStored(value).parts)];
}

function request(key: Uint8Array, kind: Guarded, whenEmpty: string): Buffer[] {
  const texts = [MARKS[kind], errors.wrongType().message, whenEmpty];
  return [...['EVAL', SCRIPT, '1'].map(text), Buffer.from(key), ...texts.map(text)];
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}
