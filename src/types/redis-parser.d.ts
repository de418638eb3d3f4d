declare module 'redis-parser' {
  interface Options {
    returnReply(reply: unknown): void;
    returnError(error: Error): void;
    returnFatalError?(error: Error): void;
    returnBuffers?: boolean;
    stringNumbers?: boolean;
  }
  export default class RedisParser {
    constructor(options: Options);
    execute(data: Uint8Array): void;
  }
}
