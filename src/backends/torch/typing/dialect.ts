/**
 * Which names a source finds around it.
 * - `python`: those of torch.jit.CompilationUnit in Python, where torch.float32, math and ValueError are found, and what the interpreter runs beyond it.
 * - `native`: those of torch::jit::compile in C++, which RedisAI calls: torch has nothing but operators.
 * - `archive`: the code that torch.jit.save wrote. It has been compiled before, so what is not known is taken for right.
 */
export type Dialect = 'python' | 'native' | 'archive';
