/**
 * Which names a source finds around it.
 * - `native`: those of torch::jit::compile in C++, which RedisAI calls: torch has nothing but operators.
 * - `archive`: the code that torch.jit.save wrote. It has been compiled before, so what is not known is taken for right.
 */
export type Dialect = 'native' | 'archive';
