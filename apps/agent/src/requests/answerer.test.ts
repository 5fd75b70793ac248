import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, ok, silentLogger } from '@sightline/base';
import { diagnostic, linkFrameLimitBytes, type AgentMessage } from '@sightline/fleet/messages';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineDiagnostic, type DiagnosticTools } from '../diagnostics/diagnostic.ts';
import { permitSwitch } from '../diagnostics/permit-container.ts';
import { ActionLog } from './action-log.ts';
import { Answerer } from './answerer.ts';

type Answer = Extract<AgentMessage, { type: 'answer' }>;

describe('requests', () => {
  let folder: string;
  let clock: ManualClock;
  let runs: number;
  const hang = new Map<string, () => void>();
  const logFile = (): string => path.join(folder, 'actions.log');
  const echo = defineDiagnostic({
    definition: diagnostic({
      name: 'echo',
      title: 'Echo',
      method: 'GET',
      permission: 'viewer',
      changes: false,
      input: z.object({ text: z.string().default(''), times: z.number().default(1), wait: z.string().optional() }),
      reply: z.object({ text: z.string() }),
      deadlineMs: 1000,
    }),
    permit: (policy) => permitSwitch(policy, 'systemInfo', 'echoing'),
    run: async (_, { text, times, wait }, __, signal) => {
      runs++;
      if (text === 'throw') throw new Error('as asked');
      if (wait)
        await new Promise<void>((resolve) => {
          hang.set(wait, resolve);
          if (wait === 'deaf') return;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      return ok({ text: text.repeat(times) });
    },
  });
  const answererOf = (): Answerer =>
    new Answerer({
      diagnostics: [echo],
      tools: { version: '1.2.3' } as DiagnosticTools,
      policyFile: path.join(folder, 'policy.json'),
      log: new ActionLog(logFile(), clock),
      clock,
      logger: silentLogger,
    });
  let next = 0;
  const ask = async (answerer: Answerer, input: unknown, more: object = {}): Promise<Answer[]> => {
    const frames: Answer[] = [];
    const request = { id: `r${next++}`, diagnostic: 'echo', input, deadlineMs: 1000, by: 'ann@x.example', ...more };
    await answerer.answer({ type: 'request', ...request }, (frame) => frames.push(frame));
    return frames;
  };
  const faultOf = (frames: readonly Answer[]): string | undefined => frames[0]?.fault?.reason;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sl-requests-'));
    clock = new ManualClock(Date.UTC(2026, 0, 1));
    runs = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('answers with the reply, and the site has its own record of who asked what', async () => {
    expect(await ask(answererOf(), { text: 'hi' }, { id: 'one' })).toEqual([
      { type: 'answer', id: 'one', part: 0, done: true, data: { text: 'hi' } },
    ]);
    const [asked, ended] = readFileSync(logFile(), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(asked).toMatchObject({
      event: 'asked',
      id: 'one',
      by: 'ann@x.example',
      diagnostic: 'echo',
      input: { text: 'hi' },
    });
    expect(ended).toMatchObject({ event: 'ended', id: 'one', outcome: 'done' });
  });

  test('cuts long replies into frames that fit, which joined are the reply', async () => {
    const frames = await ask(answererOf(), { text: 'é"\u0001🙂', times: 60_000 });
    expect(frames.length).toBeGreaterThan(3);
    expect(frames.map((frame) => frame.part)).toEqual(frames.map((_, at) => at));
    expect(frames.filter((frame) => frame.done)).toEqual([frames.at(-1)]);
    for (const frame of frames) expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(linkFrameLimitBytes);
    const joined = frames.map((frame) => JSON.parse(JSON.stringify(frame.data)) as string).join('');
    expect(JSON.parse(joined)).toEqual({ text: 'é"\u0001🙂'.repeat(60_000) });
  });

  test('an id is good for once, over restarts and torn logs, for ten minutes', async () => {
    const before = answererOf();
    await ask(before, {}, { id: 'x' });
    expect(faultOf(await ask(before, {}, { id: 'x' }))).toBe('replayed');
    appendFileSync(logFile(), '{"event":"asked","id":"to');
    clock.advance(9 * 60_000);
    expect(faultOf(await ask(answererOf(), {}, { id: 'x' }))).toBe('replayed');
    expect(runs).toBe(1);
    clock.advance(2 * 60_000);
    expect(faultOf(await ask(answererOf(), {}, { id: 'x' }))).toBeUndefined();
  });

  test('nothing is done that cannot be noted first', async () => {
    const answerer = answererOf();
    mkdirSync(logFile());
    expect(faultOf(await ask(answerer, {}))).toBe('unavailable');
    expect(runs).toBe(0);
  });

  test.each([
    ['an unknown diagnostic', {}, { diagnostic: 'format-disk' }, '{}', 'not-found'],
    ['input out of form', { times: 'many' }, {}, '{}', 'invalid'],
    ['what the policy forbids', {}, {}, '{"systemInfo":false}', 'forbidden'],
    ['anything under a broken policy', {}, {}, '{"systemInfo":', 'forbidden'],
    ['anything under a policy with unknown words', {}, {}, '{"systeminfo":true}', 'forbidden'],
    ['a diagnostic that throws', { text: 'throw' }, {}, '{}', 'bug'],
  ])('%s is a fault', async (_, input, more, policy, reason) => {
    writeFileSync(path.join(folder, 'policy.json'), policy);
    expect(faultOf(await ask(answererOf(), input, more))).toBe(reason);
  });

  test('the policy holds from the next request on', async () => {
    const answerer = answererOf();
    expect(faultOf(await ask(answerer, {}))).toBeUndefined();
    writeFileSync(path.join(folder, 'policy.json'), '{"systemInfo":false}');
    expect(faultOf(await ask(answerer, {}))).toBe('forbidden');
  });

  test('the deadline ends it, and a fifth request at once is refused', async () => {
    const answerer = answererOf();
    const four = [1, 2, 3, 4].map((n) => ask(answerer, { wait: String(n) }, { deadlineMs: 5000 }));
    expect(faultOf(await ask(answerer, {}))).toBe('busy');
    hang.get('1')?.();
    expect(faultOf(await (four[0] as Promise<Answer[]>))).toBeUndefined();
    clock.advance(5000);
    for (const late of await Promise.all(four.slice(1))) expect(faultOf(late)).toBe('timeout');
    expect(faultOf(await ask(answerer, {}))).toBeUndefined();
  });

  test('cancelled, and asked over a link that is gone: not answered', async () => {
    const answerer = answererOf();
    const cancelled = ask(answerer, { wait: 'deaf' }, { id: 'a' });
    answerer.cancel('a');
    expect(await cancelled).toEqual([]);
    const cut = ask(answerer, { wait: 'b' });
    answerer.dropAll();
    expect(await cut).toEqual([]);
    expect(readFileSync(logFile(), 'utf8')).not.toMatch(/"ended","id":"a"/);
    hang.get('deaf')?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(readFileSync(logFile(), 'utf8')).toMatch(/"ended","id":"a","outcome":"done"/);
  });
});
