import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServerError } from '../../../src/errors.ts';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { archive, archiveOf, forward, open, zip } from '../../support/torch-archives.ts';

const pickle = (text: string) => Buffer.from(`\x80\x02${text}`, 'latin1');
const refusal = (bytes: Uint8Array) =>
  open(bytes).then(
    () => null,
    (error: Error) => error.message,
  );

describe('an archive of torch.jit.save', () => {
  test('a parameter is found by offset and strides', async () => {
    const weight = { shape: [2, 2], strides: [1, 2], offset: 1, elements: [9, 1, 2, 3, 4] };
    const source = 'def forward(self, x: Tensor) -> Tensor:\n  return torch.add(x, self.w)';
    const zeros = tensor('FLOAT', [2, 2], [0, 0, 0, 0]);
    expect(await forward(source, [zeros], { w: weight })).toEqual([
      { dtype: 'FLOAT', shape: [2, 2], values: [1, 3, 2, 4] },
    ]);
  });

  test('a parameter that goes past the end of its storage is refused', async () => {
    const weight = { shape: [2, 2], offset: 1, elements: [1, 2, 3, 4] };
    const source = 'def forward(self, x: Tensor) -> Tensor:\n  return torch.add(x, self.w)';
    await expect(forward(source, [tensor('FLOAT', [1], [0])], { w: weight })).rejects.toThrow(
      'a tensor of the archive goes past the end of its storage',
    );
  });

  test('a pickle that calls a function is refused, and nothing is called', async () => {
    const call = pickle('cos\nsystem\n(X\x04\x00\x00\x00exittR.');
    expect(await refusal(archiveOf(call))).toBe(
      'ERR TORCH archive cannot be read: a pickle calls os.system, which is not known here',
    );
  });

  test.each([
    ['(', 'a pickle ends too early'],
    ['.', 'a pickle takes what it did not put'],
    ['h\x05.', 'a pickle recalls what it did not keep'],
    ['u.', 'a pickle lacks a mark'],
    ['X\xff\xff\xff\x7f', 'a text of a pickle is too long'],
    ['I1\n.', 'a pickle has the opcode 0x49, which is not known here'],
    ['K\x01.', 'data.pkl holds no module'],
  ])('the pickle %j is refused', async (text, reason) => {
    expect(await refusal(archiveOf(pickle(text)))).toBe(`ERR TORCH archive cannot be read: ${reason}`);
  });

  test('a module without forward, or one that takes what is no tensor, is refused', async () => {
    expect(await refusal(archive('class M(Module):\n  training : bool\n'))).toBe(
      'ERR TORCH module __torch__.M has no method forward',
    );
    expect(await refusal(archive('def forward(self, xs: List[Tensor]) -> Tensor:\n  return xs[0]'))).toBe(
      "ERR TORCH argument 'xs' of forward is of type List[Tensor], and only tensors can be given",
    );
    expect(await refusal(archive('def forward(self, x: Tensor) -> Tensor:\n  return x +'))).toBe(
      'ERR TORCH source cannot be read: expected an expression, found newline (code/__torch__.py:3)',
    );
    expect(await refusal(zip({ 'code/__torch__.py': '' }))).toBe(
      'ERR TORCH archive cannot be read: file not found: data.pkl',
    );
  });

  test('damage anywhere is an answer', async () => {
    const whole = archive('def forward(self, x: Tensor) -> Tensor:\n  return torch.add(x, self.w)', {
      w: { shape: [2], elements: [1, 2] },
      names: ['a', 'b'],
    });
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(whole.length), async (changes, length) => {
        const bytes = Buffer.from(whole.subarray(0, length < 40 ? length : whole.length));
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          const session = await open(bytes);
          await session.close();
        } catch (error) {
          expect(error).toBeInstanceOf(ServerError);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
