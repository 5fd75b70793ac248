import { describe, expect, it } from 'vitest';
import { followTail, mostTailTries, tailWaitMs, type TailGiven } from './tail-stream.ts';

/** One answer of the server: a refusal, or the pieces of a stream that then ends; 'cut' throws as a lost connection does. */
type Answer = { readonly status: number; readonly body: unknown } | readonly string[] | 'cut';

/** What a reader of these answers, in their order, is told; the last answer stands for all later ones. */
async function told(answers: readonly Answer[], most = 100): Promise<string[]> {
  const said: string[] = [];
  const stop = new AbortController();
  const say = (text: string): void => {
    said.push(text);
    if (said.length >= most) stop.abort();
  };
  let at = 0;
  const given: TailGiven = {
    fetch: async () => {
      const answer = answers[Math.min(at, answers.length - 1)];
      at += 1;
      if (answer === undefined || answer === 'cut') throw new TypeError('failed');
      if ('status' in answer) return new Response(JSON.stringify(answer.body), { status: answer.status });
      const parts = answer.map((part) => new TextEncoder().encode(part));
      return new Response(
        new ReadableStream({
          start: (stream) => {
            for (const part of parts) stream.enqueue(part);
            stream.close();
          },
        }),
      );
    },
    sleep: async () => undefined,
    silentMs: 60_000,
  };
  await followTail(
    '/tail',
    {
      onOpen: () => say('open'),
      onRow: (text) => say(`row ${text}`),
      onDropped: (text) => say(`dropped ${text}`),
      onLost: (why, ms) => say(`lost ${why.status} ${ms}`),
      onEnded: (why) => say(`ended ${why.status} ${why.detail} ${JSON.stringify(why.position ?? null)}`),
    },
    stop.signal,
    given,
  );
  return said;
}

const problem = (status: number, detail: string, more = {}) => ({
  type: 'about:blank',
  title: 'T',
  status,
  detail,
  ...more,
});

describe('a live tail', () => {
  it('reads events whose bytes come in pieces, and takes no comment for one', async () => {
    const stream = [
      'retry: 3000\n\n: follow',
      'ing\n\nevent: row\nid: 1\nda',
      'ta: {"a":1}\n\nevent: dropped\ndata: 7\n',
      '\n: still here\n\n',
    ];
    expect(await told([stream], 4)).toEqual(['open', 'row {"a":1}', 'dropped 7', 'lost 0 1000']);
  });
  it('tells a search that cannot be read with its place, and does not try again', async () => {
    const position = { from: 3, to: 5 };
    const body = problem(400, 'At character 4: no.', { position });
    expect(await told([{ status: 400, body }])).toEqual([`ended 400 At character 4: no. ${JSON.stringify(position)}`]);
  });
  it('waits its turn where there are too many tails', async () => {
    const body = problem(503, 'Close another one and try again.');
    const busy = { status: 503, body };
    expect(await told([busy, busy, ['event: row\ndata: 1\n\n']], 4)).toEqual([
      'lost 503 1000',
      'lost 503 2000',
      'open',
      'row 1',
    ]);
  });
  it('gives up after so many tries in a row, and one that came about begins the count anew', async () => {
    const lost = Array.from({ length: mostTailTries - 1 }, (_, index) => `lost 0 ${tailWaitMs(index + 1)}`);
    const ended = 'ended 0 The connection to the server was lost. null';
    expect(await told(['cut'])).toEqual([...lost, ended]);
    expect(await told(['cut', 'cut', ['event: row\ndata: 1\n\n'], 'cut'])).toEqual([
      'lost 0 1000',
      'lost 0 2000',
      'open',
      'row 1',
      ...lost,
      ended,
    ]);
  });
  it.each([
    ['a fault that passes is tried again', 503, ['open', 'lost 503 1000', 'open']],
    ['a fault of the search ends it', 422, ['open', 'ended 422 D null']],
  ])('%s', async (_, status, expected) => {
    const stream = [`event: fault\ndata: ${JSON.stringify(problem(status, 'D'))}\n\n`];
    expect(await told([stream], 3)).toEqual(expected);
  });
  it('does not ask for ever a server that follows and then fails at once', async () => {
    const stream = [': following\n\n', `event: fault\ndata: ${JSON.stringify(problem(503, 'D'))}\n\n`];
    const all = await told([stream]);
    expect([all.filter((one) => one === 'open').length, all.at(-1)]).toEqual([mostTailTries, 'ended 503 D null']);
  });
  it('is not kept by an answer that is no problem', async () => {
    expect(await told([{ status: 404, body: 'x' }])).toEqual(['ended 404 It did not say why. null']);
  });
});
