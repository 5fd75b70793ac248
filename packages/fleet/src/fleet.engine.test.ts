import { ManualClock } from '@sightline/base';
import type { Control } from '@sightline/control';
import { organisationOf, testServers, type TestServer } from '@sightline/control/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AgentMessage, cutAnswer, restartService, serviceLogs, systemInfo } from './messages/index.ts';
import { defaultFloodLimits } from './sessions/flood-gate.ts';
import { heartbeatAt, helloAt, startTestFleet, TestAgent, type TestFleet } from './test-support.ts';
import { graceMs } from './watch/link-watch.ts';

const [embedded] = testServers;
if (!embedded) throw new Error('no PostgreSQL for tests');

const facts = { host: 'pc-47', os: 'Linux', arch: 'x64', cpus: 2, memoryBytes: 4e9, docker: '' };

describe('the link of agents', () => {
  let server: TestServer;
  let clock: ManualClock;
  let control: Control;
  let test: TestFleet;
  let organisation: string;
  const agents: TestAgent[] = [];

  beforeAll(async () => void (server = await embedded.start()));
  afterAll(() => server.stop());
  beforeEach(async () => {
    clock = new ManualClock(1_700_000_000_000);
    control = await server.freshControl(clock);
    organisation = await organisationOf(control, 'Stores');
    test = await startTestFleet(control, clock);
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.cut();
    const closing = test.close();
    await letPass(2000);
    await closing;
    await control.close();
  });

  /** Moves time while the loops and sockets have their turns. */
  async function letPass(ms: number, stepMs = 1000): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(Math.min(stepMs, ms - passed));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  async function until(what: () => boolean | Promise<boolean>): Promise<void> {
    const endAt = Date.now() + 10_000;
    while (!(await what())) {
      if (Date.now() > endAt) throw new Error(`waited in vain for ${what.toString()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  async function enrol(site: string): Promise<{ id: string; token: string }> {
    const made = await control.fleet.enrolments.create(organisation, site, 'ada@stores.example');
    if (!made.ok) throw new Error(made.error.message);
    const answer = await test.fleet.enrol({ token: made.value.token, name: site, version: '1.0.0', facts }, '10.0.0.1');
    expect(answer).toMatchObject({ status: 200, body: { site } });
    const body = answer.body as { agent: string; token: string };
    return { id: body.agent, token: body.token };
  }
  function connect(token: string, address?: string): TestAgent {
    const agent = new TestAgent(test.url, token, address);
    agents.push(agent);
    return agent;
  }
  async function linked(site: string): Promise<{ id: string; token: string; agent: TestAgent }> {
    const { id, token } = await enrol(site);
    const agent = connect(token);
    await agent.greet(helloAt(clock.now()));
    await until(() => test.fleet.connected() > 0);
    return { id, token, agent };
  }
  const row = async (id: string) => control.fleet.agents.find(organisation, id);
  const isUp = async (id: string): Promise<boolean> => (await row(id))?.link === 'up';
  const auditActions = async (): Promise<string[]> => {
    const page = await control.audit.list(organisation, { limit: 50, cursor: '' });
    return page.ok ? page.value.entries.map((entry) => entry.action) : [];
  };
  const ask = (site: string, by = 'ada', of = organisation, signal = new AbortController().signal) =>
    test.fleet.ask({ organisation: of, site }, { diagnostic: systemInfo, input: {}, by, signal });

  const reply = {
    host: 'pc-47',
    os: 'Linux',
    arch: 'x64',
    uptimeS: 1,
    cpu: { cores: 2, model: 'x', usage: 0.5, load: [0, 0, 0] },
    memory: { totalBytes: 1, usedBytes: 1, availableBytes: 0 },
    disks: [],
    networks: [],
    agent: { version: '1.0.0', uptimeS: 1, rssBytes: 1 },
  };

  describe('connecting', () => {
    it('welcomes, hears heartbeats, measures the clock and keeps what the agent says', async () => {
      const { id, token } = await enrol('STORE_047');
      const agent = connect(token, '10.1.2.3');
      const skewed = (): number => clock.now() + 90_000;
      const welcome = await agent.greet(helloAt(skewed()));
      expect(welcome).toMatchObject({ agent: id, organisation, site: 'STORE_047', heartbeatMs: 15_000, monitors: [] });
      expect(welcome.echo).toBe(skewed());
      agent.say({ type: 'containers', at: skewed(), containers: [] });
      for (let beat = 0; beat < 3; beat++) {
        agent.say(heartbeatAt(skewed()));
        await agent.next('pong');
      }
      agent.say(heartbeatAt(skewed()));
      expect((await agent.next('pong')).skewMs).toBe(90_000);
      await letPass(3000);
      await until(async () => (await row(id))?.clockSkewMs === 90_000);
      expect(await row(id)).toMatchObject({ link: 'up', version: '1.0.0', lastAddress: '10.1.2.3', containers: [] });
      expect(await auditActions()).toContain('agent.enrol');
    });

    it('knows what an agent scrapes while it is connected, as of its own site alone', async () => {
      const { token } = await enrol('STORE_048');
      const agent = connect(token, '10.1.2.4');
      const skewed = (): number => clock.now() + 60_000;
      await agent.greet(helloAt(skewed()));
      for (let beat = 0; beat < 3; beat++) {
        agent.say(heartbeatAt(skewed()));
        await agent.next('pong');
      }
      const target = {
        job: 'node',
        url: 'http://10.0.0.7:9100/metrics',
        labels: { instance: '10.0.0.7:9100', job: 'node', site: 'OTHER' },
        health: 'down' as const,
        lastError: 'refused',
        lastScrapeAt: skewed(),
        lastScrapeMs: 12,
        interval: '15s',
        timeout: '10s',
      };
      agent.say({ type: 'scrape-targets', targets: [target], omitted: 3 });
      const mine = () => test.fleet.scraped(organisation).filter(({ site }) => site === 'STORE_048');
      await until(async () => mine().length === 1);
      expect(mine()[0]).toMatchObject({
        omitted: 3,
        targets: [{ health: 'down', labels: { site: 'STORE_048' }, lastScrapeAt: clock.now() }],
      });
      expect(test.fleet.scraped('another')).toEqual([]);
      agent.say({ type: 'scrape-targets', targets: [], omitted: 0 });
      await until(async () => mine()[0]?.targets.length === 0);
      agent.cut();
      await until(async () => mine().length === 0);
    });

    it.each([
      ['no token', {}, 'HTTP 401'],
      ['an unknown token', { authorization: 'Bearer sl_agent_wrong' }, 'HTTP 401'],
      ['basic authorisation', { authorization: 'Basic abc' }, 'HTTP 401'],
    ])('refuses %s', async (_, headers, expected) => {
      const { WebSocket } = await import('ws');
      const socket = new WebSocket(test.url, { headers });
      const refused = new Promise((resolve) => {
        socket.on('unexpected-response', (__, response) => resolve(`HTTP ${response.statusCode}`));
        socket.on('error', () => undefined);
      });
      expect(await refused).toBe(expected);
      socket.terminate();
    });

    it('refuses an address that tries many wrong tokens, and lets others in', async () => {
      const { token } = await enrol('STORE_001');
      for (let n = 0; n < 60; n++) await expect(connect(`wrong_${n}`, '6.6.6.6').opened()).rejects.toThrow('401');
      await expect(connect(token, '6.6.6.6').opened()).rejects.toThrow('429');
      await connect(token, '10.0.0.1').opened();
      clock.advance(61_000);
      await connect(token, '6.6.6.6').opened();
    });

    it('serves WebSockets at its own path only', async () => {
      const { token } = await enrol('STORE_001');
      const elsewhere = new TestAgent(test.url.replace('/link', '/other'), token);
      agents.push(elsewhere);
      await expect(elsewhere.opened()).rejects.toThrow('404');
    });

    it('tells a revoked agent so, then and later', async () => {
      const { id, token, agent } = await linked('STORE_001');
      expect((await control.fleet.agents.revoke(organisation, id)).ok).toBe(true);
      test.fleet.revoked(id);
      expect(await agent.next('bye')).toMatchObject({ why: 'revoked' });
      expect(await agent.closed).toMatchObject({ code: 1008 });
      const again = await connect(token).opened();
      expect(await again.next('bye')).toMatchObject({ why: 'revoked' });
    });

    it('tells an agent that was revoked on another server with its next heartbeat', async () => {
      const { id, agent } = await linked('STORE_001');
      await control.fleet.agents.revoke(organisation, id);
      agent.say(heartbeatAt(clock.now()));
      await agent.next('pong');
      await letPass(3000);
      expect(await agent.next('bye')).toMatchObject({ why: 'revoked' });
    });

    it('tells so an agent that was revoked on another server and sends results alone', async () => {
      const { id, agent } = await linked('STORE_001');
      await control.fleet.agents.revoke(organisation, id);
      agent.say({ type: 'results', batch: 1, results: [] });
      await agent.next('checked');
      await letPass(3000);
      expect(await agent.next('bye')).toMatchObject({ why: 'revoked' });
    });

    it('keeps the heartbeats of all when one agent says what PostgreSQL cannot store', async () => {
      const broken = await linked('STORE_001');
      const well = await linked('STORE_002');
      const container = {
        id: 'a',
        name: 'back\u0000end',
        service: 'half \ud800 a character',
        image: 'c:\\u0000',
        state: 'running',
        status: 'Up',
        health: '',
        exitCode: null,
        startedAt: null,
        finishedAt: null,
        restarts: 0,
      };
      broken.agent.say({ type: 'containers', at: clock.now(), containers: [container] });
      await letPass(1000);
      const at = clock.now();
      well.agent.say(heartbeatAt(at));
      await well.agent.next('pong');
      await letPass(3000);
      await until(async () => ((await row(well.id))?.lastSeenAt ?? 0) >= at);
      expect((await row(broken.id))?.containers).toMatchObject([
        { name: 'back\ufffdend', service: 'half \ufffd a character', image: 'c:\\u0000' },
      ]);
    });

    it('lets an agent in whose hello PostgreSQL cannot store', async () => {
      const { token } = await enrol('STORE_001');
      const hello = helloAt(clock.now(), { version: '1\u00000' });
      expect(await connect(token).greet(hello)).toMatchObject({ site: 'STORE_001' });
    });

    it('turns away an agent that opens the link again and again', async () => {
      const { token, agent } = await linked('STORE_001');
      for (let n = 1; n < 60; n++) (await connect(token).opened()).cut();
      await expect(connect(token).opened()).rejects.toThrow('429');
      expect(agent.socket.readyState).toBe(agent.socket.OPEN);
      clock.advance(61_000);
      await connect(token).opened();
    });

    it('gives the link to the newest connection', async () => {
      const { id, token, agent } = await linked('STORE_001');
      const second = connect(token);
      await second.greet(helloAt(clock.now()));
      expect(await agent.next('bye')).toMatchObject({ why: 'replaced' });
      await letPass(3000);
      expect(await isUp(id)).toBe(true);
      expect(test.findings).toEqual([]);
    });

    it('says so when one token is used in two places', async () => {
      const { token } = await enrol('STORE_001');
      const places = [
        { address: '10.0.0.1', startedAt: clock.now() - 1_000_000 },
        { address: '6.6.6.6', startedAt: clock.now() - 5000 },
      ];
      for (const at of [0, 1, 0]) {
        const { address, startedAt } = places[at] ?? { address: '', startedAt: 0 };
        await connect(token, address).greet(helloAt(clock.now(), { startedAt }));
        clock.advance(5000);
      }
      await until(() => test.findings.length > 0);
      expect(test.findings[0]).toMatchObject({
        state: 'firing',
        title: expect.stringContaining('two places'),
        summary: expect.stringContaining('6.6.6.6'),
      });
      // A finding with the label `site` would silence all else of the site.
      expect(test.findings[0]?.labels['site']).toBeUndefined();
      expect(await auditActions()).toContain('agent.two-places');
    });

    it('says nothing of two places when an agent is restarted or moves', async () => {
      const { token } = await enrol('STORE_001');
      for (const [address, startedAt] of [
        ['10.0.0.1', 1000],
        ['10.0.0.2', 1000],
        ['10.0.0.1', 1000],
        ['10.0.0.1', 90_000],
      ] as const) {
        await connect(token, address).greet(helloAt(clock.now(), { startedAt }));
      }
      expect(test.findings).toEqual([]);
    });

    it('says goodbye when the server stops, at scattered times', async () => {
      const { id, agent } = await linked('STORE_001');
      const closing = test.fleet.close();
      const bye = await agent.next('bye');
      expect(bye.why).toBe('stopping');
      expect(bye.retryAfterMs).toBeLessThanOrEqual(10_000);
      await letPass(2000);
      await closing;
      expect(await isUp(id)).toBe(true);
    });
  });

  describe('against the protocol', () => {
    const first = async (): Promise<TestAgent> => connect((await enrol('STORE_001')).token).opened();

    it.each([
      ['broken JSON', '{"type":', 1008],
      ['no object', '17', 1008],
      ['a heartbeat before the hello', JSON.stringify(heartbeatAt(1)), 1008],
      ['a hello that lacks its facts', JSON.stringify({ ...helloAt(1), facts: {} }), 1008],
      ['an oversize frame', JSON.stringify({ type: 'later', filler: 'x'.repeat(300_000) }), 1009],
    ])('ends on %s', async (_, frame, code) => {
      const agent = await first();
      agent.say(frame);
      expect((await agent.closed).code).toBe(code);
    });

    it('ends on bytes', async () => {
      const agent = await first();
      agent.socket.send(Buffer.from('{}'), { binary: true });
      expect((await agent.closed).code).toBe(1008);
    });

    it('ends on a second hello', async () => {
      const { agent } = await linked('STORE_002');
      agent.say(helloAt(clock.now()));
      expect((await agent.closed).code).toBe(1008);
    });

    it('tells a later protocol to come back with one that we speak', async () => {
      const agent = await first();
      agent.say(JSON.stringify({ type: 'hello', protocol: 99, anything: true }));
      expect(await agent.next('bye')).toMatchObject({ why: 'protocol' });
    });

    it('passes over messages of a later minor protocol', async () => {
      const { agent } = await linked('STORE_002');
      agent.say(JSON.stringify({ type: 'weather', rain: true }));
      agent.say(heartbeatAt(clock.now()));
      await agent.next('pong');
    });

    it('ends a connection that says nothing', async () => {
      const agent = await first();
      await letPass(11_000);
      expect(await agent.closed).toMatchObject({ code: 1008, reason: expect.stringContaining('hello') });
    });

    it('sends a flooding agent away for a while and tells people', async () => {
      const { token, agent } = await linked('STORE_003');
      for (let n = 0; n <= defaultFloodLimits.frames + 1; n++) agent.say(heartbeatAt(clock.now()));
      expect(await agent.next('bye')).toMatchObject({ why: 'flooding' });
      await until(() => test.findings.length > 0);
      expect(test.findings[0]).toMatchObject({ title: "STORE_003's agent floods the link" });
      expect(await auditActions()).toContain('agent.flooding');
      await expect(connect(token).opened()).rejects.toThrow('429');
      clock.advance(121_000);
      await connect(token).opened();
    });
  });

  describe('enrolment', () => {
    it.each([
      ['nothing', undefined, 422],
      ['no facts', { token: 'x'.repeat(40), name: 'a', version: '1' }, 422],
      ['an unknown token', { token: 'x'.repeat(40), name: 'a', version: '1', facts }, 401],
    ])('refuses %s', async (_, body, status) => {
      expect(await test.fleet.enrol(body, '10.0.0.1')).toMatchObject({ status, body: { status } });
    });

    it('refuses a used token, and an address that guesses', async () => {
      const made = await control.fleet.enrolments.create(organisation, 'STORE_001', 'ada');
      if (!made.ok) throw new Error('refused');
      const body = { token: made.value.token, name: 'a', version: '1', facts };
      expect((await test.fleet.enrol(body, '10.0.0.1')).status).toBe(200);
      for (let n = 0; n < 60; n++) expect((await test.fleet.enrol(body, '10.0.0.9')).status).toBe(409);
      expect((await test.fleet.enrol(body, '10.0.0.9')).status).toBe(429);
    });
  });

  describe('requests', () => {
    it('ask the agent, say who asks, and give back its answer', async () => {
      const { agent } = await linked('STORE_047');
      const asked = ask('STORE_047', 'ada@stores.example');
      const request = await agent.next('request');
      expect(request).toMatchObject({ diagnostic: 'system-info', by: 'ada@stores.example', deadlineMs: 10_000 });
      agent.say({ type: 'answer', id: request.id, part: 0, done: true, data: reply });
      expect(await asked).toEqual({ ok: true, value: reply });
    });

    it('join long answers, without their frames counting as a flood', async () => {
      const { agent } = await linked('STORE_047');
      const text = 'x'.repeat(990);
      const lines = Array.from({ length: 5000 }, () => ({ at: null, stream: 'stdout' as const, text }));
      const logs = { service: 'backend', container: 'backend-1', cut: true, lines };
      for (let time = 0; time < 5; time++) {
        const asked = test.fleet.ask(
          { organisation, site: 'STORE_047' },
          {
            diagnostic: serviceLogs,
            input: { service: 'backend', lines: 5000 },
            by: 'ada',
            signal: new AbortController().signal,
          },
        );
        const { id } = await agent.next('request');
        for (const frame of cutAnswer(id, logs)) agent.say(frame);
        const answered = await asked;
        expect(answered.ok && (answered.value as typeof logs).lines.length).toBe(5000);
      }
    });

    const parts = (id: string, ...list: Partial<Extract<AgentMessage, { type: 'answer' }>>[]): AgentMessage[] =>
      list.map((one, part) => ({ type: 'answer', id, part, done: false, ...one }));

    it.each<[string, (id: string) => AgentMessage[], object]>([
      [
        'the agent refuses',
        (id) => parts(id, { fault: { reason: 'forbidden', message: 'policy.yaml allows no restart' } }),
        { reason: 'forbidden', message: 'policy.yaml allows no restart' },
      ],
      [
        'the request was seen before',
        (id) => parts(id, { fault: { reason: 'replayed', message: 'seen' } }),
        { reason: 'replayed' },
      ],
      [
        'parts are out of order',
        (id) => parts(id, { data: '{' }, { part: 2, data: '}', done: true }),
        { reason: 'bug' },
      ],
      ['parts are no JSON', (id) => parts(id, { data: '{' }, { data: '"', done: true }), { reason: 'bug' }],
      ['a part is no text', (id) => parts(id, { data: { a: 1 } }), { reason: 'bug' }],
      [
        'the reply has another form',
        (id) => parts(id, { data: { host: 1 }, done: true }),
        { reason: 'bug', message: expect.stringContaining('another version') },
      ],
      [
        'the answer is too long',
        (id) => parts(id, ...Array.from({ length: 45 }, () => ({ data: 'x'.repeat(200_000) }))),
        { reason: 'bug', message: expect.stringContaining('8 MB') },
      ],
    ])('say it when %s', async (_, answers, fault) => {
      const { agent } = await linked('STORE_047');
      const asked = ask('STORE_047');
      const { id } = await agent.next('request');
      for (const frame of answers(id)) agent.say(frame);
      expect(await asked).toMatchObject({ ok: false, error: fault });
    });

    it('end at their deadline, and the agent is told', async () => {
      const { agent } = await linked('STORE_047');
      const asked = ask('STORE_047');
      const { id } = await agent.next('request');
      await letPass(13_000);
      expect(await asked).toMatchObject({
        error: { reason: 'timeout', message: 'STORE_047 did not answer within 10 s.' },
      });
      expect(await agent.next('cancel')).toEqual({ type: 'cancel', id });
      agent.say({ type: 'answer', id, part: 0, done: true, data: reply });
      agent.say(heartbeatAt(clock.now()));
      await agent.next('pong');
    });

    it('are cancelled when nobody waits any more', async () => {
      const { agent } = await linked('STORE_047');
      const away = new AbortController();
      const asked = ask('STORE_047', 'ada', organisation, away.signal);
      await agent.next('request');
      away.abort();
      expect(await asked).toMatchObject({ error: { reason: 'cancelled' } });
      await agent.next('cancel');
    });

    it('say that a change may have happened when the link is lost meanwhile', async () => {
      const { agent } = await linked('STORE_047');
      const asked = test.fleet.ask(
        { organisation, site: 'STORE_047' },
        { diagnostic: restartService, input: { service: 'backend' }, by: 'ada', signal: new AbortController().signal },
      );
      await agent.next('request');
      agent.cut();
      expect(await asked).toMatchObject({
        error: { reason: 'unavailable', message: expect.stringContaining('may have been done') },
      });
    });

    it('are not answered by another agent', async () => {
      const { agent } = await linked('STORE_047');
      const { agent: other } = await linked('STORE_048');
      const asked = ask('STORE_047');
      const { id } = await agent.next('request');
      other.say({ type: 'answer', id, part: 0, done: true, data: { ...reply, host: 'forged' } });
      other.say(heartbeatAt(clock.now()));
      await other.next('pong');
      agent.say({ type: 'answer', id, part: 0, done: true, data: reply });
      expect(await asked).toMatchObject({ value: { host: 'pc-47' } });
    });

    it('are bounded for each agent', async () => {
      const { agent } = await linked('STORE_047');
      const sixteen = Array.from({ length: 16 }, async () => ask('STORE_047'));
      for (let n = 0; n < 16; n++) await agent.next('request');
      expect(await ask('STORE_047')).toMatchObject({ error: { reason: 'busy' } });
      agent.cut();
      await Promise.all(sixteen);
    });

    it('say why nobody can be asked', async () => {
      expect(await ask('STORE_999')).toMatchObject({ error: { reason: 'not-found' } });
      await enrol('STORE_050');
      expect(await ask('STORE_050')).toMatchObject({
        error: { reason: 'unavailable', message: expect.stringContaining('never connected') },
      });
      const { id, agent } = await linked('STORE_051');
      agent.cut();
      await until(async () => !(await isUp(id)));
      clock.advance(60_000);
      expect(await ask('STORE_051')).toMatchObject({
        error: {
          reason: 'unavailable',
          message: expect.stringMatching(/not connected since 22:13:20 UTC; last heard 60 s ago/),
        },
      });
      expect(await ask('STORE_051', 'eve', 'org_rival')).toMatchObject({ error: { reason: 'not-found' } });
    });
  });

  describe('the watch', () => {
    /** Time passes until the watch judges, and agents that are connected go on beating. */
    async function past(ms: number, ...beating: TestAgent[]): Promise<void> {
      for (let passed = 0; passed < ms; passed += 10_000) {
        for (const agent of beating) agent.say(heartbeatAt(clock.now()));
        await letPass(Math.min(10_000, ms - passed), 2500);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }

    it('finds a link that was cut after 45 s, and says what it was when the agent is back', async () => {
      const { id, token, agent } = await linked('STORE_047');
      const { agent: neighbour } = await linked('STORE_048');
      await past(graceMs + 5000, agent, neighbour);
      agent.cut();
      await until(async () => !(await isUp(id)));
      const cutAt = clock.now();
      await past(30_000, neighbour);
      expect(test.findings).toEqual([]);
      await past(30_000, neighbour);
      await until(() => test.findings.length > 0);
      expect(test.findings).toMatchObject([
        {
          source: 'link',
          sourceId: id,
          state: 'firing',
          severity: 'high',
          title: 'Link to STORE_047 lost',
          labels: { site: 'STORE_047' },
          summary: expect.stringContaining('The link of 1 other agent is up.'),
          sinceMs: cutAt,
        },
      ]);
      await past(540_000, neighbour);
      expect(test.findings).toHaveLength(1);
      const hello = helloAt(clock.now(), { startedAt: cutAt - 1_000_000, bootedAt: cutAt - 2_000_000 });
      await connect(token).greet({ ...hello, spool: { ...hello.spool, waitingRecords: 12_400 } });
      await past(5000, neighbour);
      await until(() => test.findings.length > 1);
      expect(test.findings[1]).toMatchObject({
        state: 'resolved',
        labels: { site: 'STORE_047' },
        summary: expect.stringMatching(
          /^The link was down for 10 min, .* the agent ran all along and kept 12,400 records\.$/,
        ),
      });
      await past(10_000, neighbour);
      expect(test.findings).toHaveLength(2);
    });

    it('finds an agent that fell silent with its connection open', async () => {
      const { id, agent } = await linked('STORE_047');
      await past(graceMs + 5000, agent);
      await past(60_000);
      await until(() => test.findings.length > 0);
      expect(test.findings[0]).toMatchObject({ state: 'firing', sourceId: id });
    });

    it('raises nothing for agents that find a restarted server again', async () => {
      const { id, token, agent } = await linked('STORE_047');
      await past(10_000, agent);
      const closing = test.fleet.close();
      await letPass(2000);
      await closing;
      clock.advance(120_000);
      const next = await startTestFleet(control, clock);
      try {
        await past(50_000);
        await until(async () => isUp(id));
        const back = new TestAgent(next.url, token);
        agents.push(back);
        await back.greet(helloAt(clock.now(), { startedAt: 1000 }));
        await past(60_000, back);
        expect(next.findings).toEqual([]);
      } finally {
        const closingNext = next.fleet.close();
        await letPass(2000);
        await closingNext;
      }
    });

    it('ends the finding of an agent that is revoked', async () => {
      const { id, agent } = await linked('STORE_047');
      await past(graceMs + 5000, agent);
      agent.cut();
      await past(60_000);
      await until(() => test.findings.length > 0);
      await control.fleet.agents.revoke(organisation, id);
      await past(5000);
      await until(() => test.findings.length > 1);
      expect(test.findings[1]).toMatchObject({ state: 'resolved', summary: expect.stringContaining('revoked') });
    });
  });
});
