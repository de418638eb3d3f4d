import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SlotMap } from '../../cluster/slot-map.ts';
import type { TesseraNode } from '../../src/node.ts';
import { model } from '../support/node.ts';
import { startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { get, startHttpNode } from './http-node.ts';

const SCREENSHOTS = path.join(import.meta.dirname, '../../test-output/screenshots');
const GROUND = 'getComputedStyle(document.documentElement).backgroundColor';
/** A key that would be an element if it were ever parsed. */
const HOSTILE = '<img src=x onerror=alert(1)>';

function findChromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {
      // Another one, perhaps.
    }
  }
  return undefined;
}

const executablePath = findChromium();
if (executablePath === undefined) console.warn('skipped: the live page, no chromium on PATH');

describe.skipIf(executablePath === undefined)('the live page', { timeout: 120_000 }, () => {
  let browser: Browser;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await chromium.launch({ executablePath: executablePath as string, args: ['--no-sandbox'] });
  }, 120_000);
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const started = async (...args: Parameters<typeof startHttpNode>): Promise<TesseraNode> => {
    const node = await startHttpNode(...args);
    ends.push(() => node.close());
    return node;
  };

  /** What went wrong on the page is gathered in `wrong`. */
  const open = async (
    node: TesseraNode,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; wrong: string[] }> => {
    const context = await browser.newContext(options);
    ends.push(() => context.close());
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
    });
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('dialog', (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (new URL(request.url()).port !== String(node.http?.port)) wrong.push(`asks ${request.url()}`);
    });
    await page.goto(`http://127.0.0.1:${node.http?.port}/`);
    await page.locator('#state.good').waitFor();
    return { page, wrong };
  };

  /** Runs models until the test ends. */
  const load = async (node: TesseraNode): Promise<RespClient> => {
    const client = await RespClient.connect(node.port);
    await client.send('AI.MODELSTORE', 'iris', 'ONNX', 'CPU', 'BATCHSIZE', 16, 'BLOB', model('iris'));
    await client.send('AI.MODELSTORE', 'rounded{iris}', 'ONNX', 'CPU', 'BLOB', model('iris_rounded'));
    await client.send('AI.MODELSTORE', HOSTILE, 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'in', 'FLOAT', 1, 4, 'VALUES', 5.1, 3.5, 1.4, 0.2);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 1, 2);
    const arms = ['PRIMARY', 'iris', 'CANDIDATES', 1, 'rounded{iris}'];
    await client.send('AI.EXPERIMENT', 'SET', 'live{iris}', ...arms);
    await client.send('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    let isOver = false;
    const runs = Promise.all(
      [
        ['iris', 'in'],
        ['live{iris}', 'in'],
        [HOSTILE, 'x', 'x'],
        ['gone', 'in'],
      ].map(async ([key = '', ...inputs], i) => {
        const worker = await RespClient.connect(node.port);
        const run = ['AI.MODELEXECUTE', key, 'INPUTS', inputs.length, ...inputs, 'OUTPUTS', 1, `out${i}`];
        while (!isOver) {
          await Promise.all(Array.from({ length: 8 }, () => worker.send(...run).catch(() => {})));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        worker.close();
      }),
    );
    ends.push(async () => {
      isOver = true;
      await runs;
      client.close();
    });
    return client;
  };

  test.each([
    ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
    ['light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
    ['phone', { colorScheme: 'light', viewport: { width: 375, height: 812 }, hasTouch: true }],
  ] as const)('shows what a node does while it is busy: %s', async (name, options) => {
    const node = await started();
    await load(node);
    const { page, wrong } = await open(node, options);
    const row = (key: string) => page.locator('#models tr', { hasText: key });
    await expect.poll(() => row('rounded{iris}').count(), { timeout: 30_000 }).toBe(1);
    await expect.poll(() => page.locator('#tiles dd').first().textContent()).toMatch(/^[1-9]/);
    await expect.poll(() => page.locator('#errors').textContent()).toContain('model key is empty');
    await expect.poll(() => page.locator('#slow').textContent()).toContain('compute');
    // Text, and no element.
    expect(await row(HOSTILE).count()).toBe(1);
    expect(await page.locator('#models img').count()).toBe(0);
    const experiment = page.locator('.experiment');
    await expect
      .poll(() => experiment.textContent(), { timeout: 30_000 })
      .toMatch(/Same first choice\s*–\s*100 %/);
    // The focus stays while what has it is made anew.
    const slow = page.locator('#slow ul');
    await slow.focus();
    expect(await page.evaluate('(document.activeElement.dataset.isOld = "yes")')).toBe('yes');
    await expect.poll(() => slow.getAttribute('data-is-old'), { timeout: 30_000 }).toBeNull();
    expect(await page.evaluate('document.activeElement.matches("#slow ul")')).toBe(true);
    const drawn = await page.locator('.chart path.c1').first().getAttribute('d');
    expect(drawn).toMatch(/^M/);
    const widths = await page.evaluate<number[]>('[document.documentElement.scrollWidth, innerWidth]');
    expect(widths[0]).toBe(widths[1]);
    const ground = await page.evaluate<string>(GROUND);
    expect(ground).toBe(name === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(245, 246, 248)');
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
    expect(wrong).toEqual([]);
  });

  test('of a node that has run nothing says how to begin; the theme can be chosen, and is kept', async () => {
    const node = await started();
    const { page, wrong } = await open(node, { colorScheme: 'light' });
    expect(await page.locator('#models').textContent()).toContain(
      `tessera model push model.onnx mymodel -u 127.0.0.1:${node.port}`,
    );
    const ground = () => page.evaluate<string>(GROUND);
    expect(await ground()).toBe('rgb(245, 246, 248)');
    for (const theme of ['light', 'dark']) {
      await page.getByRole('button', { name: 'Theme' }).press('Enter');
      expect(await page.getByRole('button', { name: 'Theme' }).textContent()).toBe(`Theme: ${theme}`);
    }
    expect(await ground()).toBe('rgb(20, 23, 28)');
    await page.reload();
    await page.locator('#state.good').waitFor();
    expect(await ground()).toBe('rgb(20, 23, 28)');
    await page.screenshot({ path: path.join(SCREENSHOTS, 'empty.png'), fullPage: true });
    expect(wrong).toEqual([]);
  });

  test('finds models among many by their keys', async () => {
    const node = await started();
    const client = await RespClient.connect(node.port);
    ends.push(() => client.close());
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 1, 2);
    for (let i = 0; i < 60; i++) {
      await client.send('AI.MODELSTORE', `model-${i}`, 'ONNX', 'CPU', 'BLOB', model('mul'));
      await client.send('AI.MODELEXECUTE', `model-${i}`, 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y');
    }
    const { page, wrong } = await open(node);
    const rows = page.locator('#models tbody tr');
    await expect.poll(() => rows.count()).toBe(60);
    await page.getByLabel('Filter').fill('MODEL-5');
    await expect.poll(() => rows.count()).toBe(11);
    await page.getByLabel('Sort by').selectOption('key');
    expect(await rows.locator('td.key').first().textContent()).toBe('model-5');
    await page.getByLabel('Sort by').selectOption('runs');
    await client.send('AI.MODELEXECUTE', 'model-57', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y');
    await expect.poll(() => rows.locator('td.key').first().textContent()).toBe('model-57');
    await page.getByLabel('Filter').fill('none such');
    await expect.poll(() => page.locator('#models').textContent()).toContain('None of 60');
    expect(wrong).toEqual([]);
  });

  test('of a cluster shows its nodes, their slots and where their pages are', async () => {
    const nodes = [
      { name: 'a', host: '127.0.0.1', port: 7000, http: '127.0.0.1:7100', slots: ['0-9999'] },
      { name: 'b', host: '127.0.0.1', port: 7001, http: '0.0.0.0:7101', slots: ['10000-16383'] },
    ];
    const node = await started({ slots: new SlotMap(nodes, 'a') });
    const { page, wrong } = await open(node);
    const cells = (name: string) =>
      page.locator('#cluster tr', { hasText: name }).locator('td').allInnerTexts();
    expect(await cells('a (this one)')).toEqual([
      'a (this one)',
      '127.0.0.1:7000',
      '10,000',
      '0–9999',
      'here',
    ]);
    expect(await cells('7001')).toEqual(['b', '127.0.0.1:7001', '6,384', '10000–16383', '127.0.0.1:7101']);
    expect(await page.locator('#cluster a').getAttribute('href')).toBe('http://127.0.0.1:7101/');
    await page.screenshot({ path: path.join(SCREENSHOTS, 'cluster.png'), fullPage: true });
    expect(wrong).toEqual([]);
  });

  test.skipIf(noRedis !== undefined)('before a Redis Cluster shows who has which slots', async () => {
    const cluster = await startRedisNodes(2, 1, 2000, {}, { http: { host: '127.0.0.1', port: 0 } });
    ends.push(() => cluster.stop());
    const [node] = cluster.nodes as [TesseraNode];
    const { page, wrong } = await open(node);
    const [first, second] = cluster.ports;
    await expect
      .poll(() => page.locator('#cluster tbody tr').allTextContents(), { timeout: 30_000 })
      .toHaveLength(4);
    const rows = (await page.locator('#cluster tbody tr').allTextContents()).join('\n');
    expect(rows).toContain(`127.0.0.1:${first} (this one)127.0.0.1:${first}8,1920–8191here`);
    expect(rows).toContain(`127.0.0.1:${second}8,1928192–16383–`);
    expect(rows.match(/0replica/g)).toHaveLength(2);
    expect(await page.locator('#cluster p').textContent()).toMatch(
      /^The keys are in the Redis at .*: up for /,
    );
    await page.screenshot({ path: path.join(SCREENSHOTS, 'redis.png'), fullPage: true });
    expect(wrong).toEqual([]);
  });

  test('says so when the node is gone, and goes on when it is back', async () => {
    const node = await started();
    const { page } = await open(node);
    const port = node.http?.port as number;
    await node.close();
    await page.locator('#state.bad').waitFor();
    expect(await page.locator('#notice').textContent()).toContain('The node does not answer');
    await page.screenshot({ path: path.join(SCREENSHOTS, 'gone.png'), fullPage: true });
    await started({ http: { host: '127.0.0.1', port }, name: 'again' });
    await page.locator('#state.good').waitFor();
    expect(await page.locator('#name').textContent()).toBe('Tessera again');
    expect(await page.locator('#notice').isHidden()).toBe(true);
  });
});

test('the live page may load nothing from elsewhere, and nobody may frame it', async () => {
  const node = await startHttpNode();
  try {
    const reply = await get(node, '/');
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = reply.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    for (const [, file] of (await reply.text()).matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await get(node, file as string)).status, file).toBe(200);
    }
    expect((await get(node, '/page/../page.js')).status).toBe(404);
  } finally {
    await node.close();
  }
});
