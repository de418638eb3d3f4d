/** The part of the WebAssembly API that is used here: its types come with those of browsers only. */
declare namespace WebAssembly {
  type ImportValue = unknown;

  class Module {
    private readonly module;
    constructor(bytes: Uint8Array);
  }

  class Instance {
    readonly exports: object;
    constructor(module: Module, imports: Record<string, Record<string, ImportValue>>);
  }
}
