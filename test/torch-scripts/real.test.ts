import { beforeEach, expect, test } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

/** The kinds of functions that people put next to their models: before them, behind them, and between. */
const SOURCE = `
def pre_process_3ch(image):
    mean = torch.zeros(3).float().to(image.device)
    std = torch.zeros(3).float().to(image.device)
    mean[0], mean[1], mean[2] = 0.485, 0.456, 0.406
    std[0], std[1], std[2] = 0.229, 0.224, 0.225
    mean = mean.unsqueeze(1).unsqueeze(1)
    std = std.unsqueeze(1).unsqueeze(1)
    temp = image.float().div(255).permute(2, 0, 1)
    return temp.sub(mean).div(std).unsqueeze(0)

def normalize(image):
    x = (image.float() / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    return x.permute(2, 0, 1).unsqueeze(0).contiguous()

def post_process(output):
    return output.max(1)[1]

def ensemble(output0, output1):
    return (output0 + output1) * 0.5

def overlaps(a, b):
    wh = (torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])).clamp(min=0)
    inter = wh[:, :, 0] * wh[:, :, 1]
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return inter / (area_a[:, None] + area_b[None, :] - inter)

def best_boxes(boxes, scores):
    order = torch.argsort(scores, descending=True)
    keep: List[int] = []
    suppressed = torch.zeros([boxes.size(0)]).bool()
    shared = overlaps(boxes, boxes)
    for i in range(boxes.size(0)):
        at = int(order[i])
        if bool(suppressed[at]):
            continue
        keep.append(at)
        for j in range(boxes.size(0)):
            if bool(shared[at, j] > 0.5):
                suppressed[j] = True
    return torch.tensor(keep)

def likely(boxes, scores):
    return boxes[scores > 0.6]

def bag_of_words(ids):
    counts = torch.zeros([6])
    for i in range(ids.size(0)):
        counts[ids[i]] += 1
    return counts

def square_root(x):
    y = x.clone()
    n = 0
    while bool(torch.max(torch.abs(y * y - x)) > 1e-4) and n < 50:
        y = 0.5 * (y + x / y)
        n += 1
    return y

def padded(more: List[Tensor]):
    longest = 0
    for s in more:
        if s.size(0) > longest:
            longest = s.size(0)
    out = torch.zeros([len(more), longest])
    for i, s in enumerate(more):
        out[i, :s.size(0)] = s
    return out
`;

const shared = useSharedNode();
let client: RespClient;
const TENSORS: Record<string, readonly [string, readonly number[], readonly number[]]> = {
  image: ['UINT8', [1, 2, 3], [0, 255, 51, 102, 153, 204]],
  scores: ['FLOAT', [2, 3], [1, 3, 2, 9, 7, 8]],
  boxes: ['FLOAT', [4, 4], [0, 0, 10, 10, 1, 1, 11, 11, 20, 20, 30, 30, 0, 0, 9, 9]],
  certain: ['FLOAT', [4], [0.5, 0.9, 0.3, 0.7]],
  ids: ['INT64', [5], [1, 3, 3, 5, 1]],
  squares: ['FLOAT', [3], [4, 9, 2.25]],
  one: ['FLOAT', [1], [1]],
  three: ['FLOAT', [3], [2, 3, 4]],
};

beforeEach(async () => {
  client = await shared.connect();
  for (const [key, [dtype, shape, values]] of Object.entries(TENSORS)) {
    await client.send('AI.TENSORSET', key, dtype, ...shape, 'VALUES', ...values);
  }
  expect(await client.send('AI.SCRIPTSET', 's', 'CPU', 'SOURCE', SOURCE)).toBe('OK');
});

/** Channel by channel, of an image of one row. */
const normalized = [
  ...[0, 102].map((x) => (x / 255 - 0.485) / 0.229),
  ...[255, 153].map((x) => (x / 255 - 0.456) / 0.224),
  ...[51, 204].map((x) => (x / 255 - 0.406) / 0.225),
];

test.each<[string, string, number[], number[]]>([
  ['pre_process_3ch', 'image', [1, 3, 1, 2], normalized],
  ['normalize', 'image', [1, 3, 1, 2], normalized],
  ['post_process', 'scores', [2], [1, 0]],
  ['ensemble', 'scores scores', [2, 3], [1, 3, 2, 9, 7, 8]],
  ['best_boxes', 'boxes certain', [2], [1, 2]],
  ['likely', 'boxes certain', [2, 4], [1, 1, 11, 11, 0, 0, 9, 9]],
  ['bag_of_words', 'ids', [6], [0, 2, 0, 2, 0, 1]],
  ['square_root', 'squares', [3], [2, 3, 1.5]],
  ['padded', '$ one three', [2, 3], [1, 0, 0, 2, 3, 4]],
])('%s of %s', async (name, inputs, shape, values) => {
  // The first call is interpreted, the second goes along what it left.
  for (let i = 0; i < 2; i++) {
    expect(
      await client.send('AI.SCRIPTRUN', 's', name, 'INPUTS', ...inputs.split(' '), 'OUTPUTS', 'out'),
    ).toBe('OK');
    const reply = (await client.send('AI.TENSORGET', 'out', 'META', 'VALUES')) as unknown[];
    const [size, elements] = [reply[3], reply[5] as (string | number)[]];
    expect(size).toEqual(shape);
    expect(elements.map(Number)).toEqual(values.map((value) => expect.closeTo(value, 4)));
  }
});
