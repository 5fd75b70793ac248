import { ManualClock, silentLogger } from '@sightline/base';
import type { AgentMessage, ServerMessage } from '@sightline/fleet/messages';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startLinkServer, welcomeOf, type LinkServer } from '../test-support/link-server.ts';
import { startLink, type Link } from './link.ts';

const spool = { waitingRecords: 0, waitingBytes: 0, limitBytes: 2e9, oldestAt: null, dropped: {} };
const startMs = Date.UTC(2026, 0, 1);

describe('link', () => {
  let server: LinkServer;
  let clock: ManualClock;
  let link: Link | undefined;
  let seen: { messages: ServerMessage[]; skews: number[]; downs: string[]; ups: number };
  /** Moves time on until something holds: the link's waits are on this clock, its sockets are real. */
  const until = async (holds: () => boolean, stepMs = 100): Promise<void> => {
    for (let i = 0; i < 400 && !holds(); i++) {
      clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(holds()).toBe(true);
  };
  const open = (): Link => {
    link = startLink({
      server: server.url,
      token: 'sl_agent_secret',
      version: '1.2.3',
      clock,
      logger: silentLogger,
      hello: () =>
        Promise.resolve<Extract<AgentMessage, { type: 'hello' }>>({
          type: 'hello',
          protocol: 1,
          version: '1.2.3',
          facts: { host: 'pc', os: 'Linux', arch: 'x64', cpus: 2, memoryBytes: 1, docker: '' },
          policy: { systemInfo: true, dockerStatus: true, logs: [], restart: [] },
          spool,
          startedAt: startMs,
          bootedAt: startMs,
          lost: null,
          sentAt: clock.now(),
        }),
      heartbeat: () => ({ type: 'heartbeat', sentAt: clock.now(), spool }),
      onUp: () => seen.ups++,
      onMessage: (message) => seen.messages.push(message),
      onPong: (skewMs) => seen.skews.push(skewMs),
      onDown: (why) => seen.downs.push(why),
      random: () => 0.5,
    });
    return link;
  };
  const welcomed = async (more: Partial<Extract<ServerMessage, { type: 'welcome' }>> = {}) => {
    const connection = await server.connection();
    const hello = await connection.next('hello');
    connection.say(welcomeOf(clock.now(), { echo: hello.sentAt, ...more }));
    await until(() => link?.state().state === 'up', 0);
    return connection;
  };

  beforeEach(async () => {
    server = await startLinkServer();
    clock = new ManualClock(startMs);
    seen = { messages: [], skews: [], downs: [], ups: 0 };
  });
  afterEach(async () => {
    const closing = link?.close('test');
    link = undefined;
    await closing;
    await server.close();
  });

  test('says hello with its token, beats, and measures how its clock stands', async () => {
    open();
    const connection = await welcomed({ now: startMs - 7000 });
    expect(connection.request.headers.authorization).toBe('Bearer sl_agent_secret');
    expect(connection.request.headers['sec-websocket-extensions']).toBeUndefined();
    clock.advance(1000);
    const beat = await connection.next('heartbeat');
    connection.say({ type: 'pong', echo: beat.sentAt, now: clock.now() - 5000, skewMs: null });
    await until(() => seen.skews.length === 2, 0);
    expect(seen.skews).toEqual([7000, 5000]);
  });

  test('three heartbeats without an answer are a lost link, whatever the clock did meanwhile', async () => {
    open();
    const connection = await welcomed();
    clock.advance(86_400_000);
    await connection.next('heartbeat');
    expect(link?.state().state).toBe('up');
    await until(() => seen.downs.length > 0, 1000);
    expect(seen.downs).toEqual(['the server did not answer 3 heartbeats']);
  });

  test('comes back by itself, and waits longer each time, up to a minute', async () => {
    open();
    const first = await welcomed();
    first.socket.terminate();
    await until(() => seen.downs.length === 1, 0);
    expect(server.tries()).toBe(1);
    await until(() => server.tries() === 2);
    expect(clock.now() - startMs).toBeLessThanOrEqual(1000);
    server.refuseWith = 503;
    (await server.connection()).socket.terminate();
    const waits: number[] = [];
    for (let tries = 3; tries < 12; tries++) {
      const beforeMs = clock.now();
      await until(() => server.tries() === tries, 250);
      waits.push(clock.now() - beforeMs);
    }
    expect(waits.at(-1)).toBeGreaterThan(25_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(61_000);
    expect(link?.state()).toEqual({ state: 'connecting', why: expect.stringContaining('HTTP 503') });
  });

  test('a server that stops names the moment to come again', async () => {
    open();
    const connection = await welcomed();
    connection.say({ type: 'bye', why: 'stopping', retryAfterMs: 8000 });
    await until(() => seen.downs.length === 1, 0);
    const endedMs = clock.now();
    await until(() => server.tries() === 2, 500);
    expect(clock.now() - endedMs).toBeGreaterThanOrEqual(7500);
  });

  test('revoked: it stays down and says so', async () => {
    open();
    const connection = await welcomed();
    connection.say({ type: 'bye', why: 'revoked', retryAfterMs: 0 });
    await until(() => link?.state().state === 'revoked', 0);
    await until(() => clock.now() > startMs + 3_600_000, 600_000);
    expect(server.tries()).toBe(1);
  });

  test.each([
    ['a token that is not known', 401, /token/],
    ['an address that is another program', 404, /is it the address/],
  ])('%s is told in words', async (_, status, words) => {
    server.refuseWith = status;
    open();
    await until(() => server.tries() === 1 && link?.state().why !== 'not connected yet', 0);
    expect(link?.state()).toEqual({ state: 'connecting', why: expect.stringMatching(words) });
  });

  test('another agent with the same token is no reason to push it out again at once', async () => {
    open();
    const connection = await welcomed();
    connection.say({ type: 'bye', why: 'replaced', retryAfterMs: 0 });
    await until(() => seen.downs.length === 1, 0);
    const endedMs = clock.now();
    await until(() => server.tries() === 2, 5000);
    expect(clock.now() - endedMs).toBeGreaterThan(60_000);
  });

  test.each([
    ['broken JSON', '{', 1008],
    ['a message out of form', '{"type":"request","id":7}', 1008],
    ['a frame before the welcome', JSON.stringify({ type: 'checked', batch: 1 }), 1008],
    ['a frame longer than any', JSON.stringify({ type: 'checked', batch: 1, more: 'x'.repeat(300_000) }), 1009],
  ])('closes on %s', async (_, frame, code) => {
    open();
    const connection = await server.connection();
    await connection.next('hello');
    connection.socket.send(frame);
    expect(await connection.ended).toBe(code);
  });

  test('leaves messages of a later protocol alone', async () => {
    open();
    const connection = await welcomed();
    connection.socket.send('{"type":"dance"}');
    connection.say({ type: 'checked', batch: 3 });
    await until(() => seen.messages.length === 1, 0);
    expect(seen.messages).toEqual([{ type: 'checked', batch: 3 }]);
  });

  test('beats at once when what it says has changed', async () => {
    open();
    const connection = await welcomed();
    link?.beat();
    await connection.next('heartbeat');
    expect(clock.now()).toBe(startMs);
  });

  test('sends nothing while the link is down, and says so', async () => {
    server.refuseWith = 503;
    expect(open().send({ type: 'containers', at: 1, containers: [] })).toBe(false);
  });
});
