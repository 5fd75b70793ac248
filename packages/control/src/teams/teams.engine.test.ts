import { beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import { twoOrganisations } from '../test-support/two-organisations.ts';
import { runStatement, testServers } from '../testing.ts';
import { teamLimits, teamSlugOf } from './port.ts';

it.each([
  ['#payments', 'payments'],
  ['team:Payments', 'payments'],
  ['ann@shop.example', undefined],
  ['#pay@shop.example', undefined],
  ['', undefined],
])('%s names the team %s', (owner, slug) => expect(teamSlugOf(owner)).toBe(slug));

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing !== undefined)(`teams on ${name}`, () => {
    let control: Control;
    let one: string;
    let two: string;
    let ann: string;
    const fresh = twoOrganisations(start);
    beforeEach(async () => {
      ({ control, one, two } = await fresh());
      ann = await person('Ann@shop.example');
    });

    async function person(email: string): Promise<string> {
      const by = { name: '', role: 'owner' as const };
      const invited = await control.invitations.create(one, email, 'viewer', by);
      if (!invited.ok) throw new Error(invited.error.message);
      const joined = await control.invitations.accept(invited.value.token, { name: '', password: 'long enough 1' });
      if (!joined.ok) throw new Error(joined.error.message);
      return joined.value.person.id;
    }
    const keep = (text: string): string => text;

    it('have one slug each in an organisation and go by name', async () => {
      const make = (organisation: string, slug: string, title = slug) =>
        control.teams.create(organisation, { slug, name: title }, 'ann');
      expect(await make(one, 'web', 'Shop front')).toMatchObject({ ok: true, value: { slug: 'web', members: 0 } });
      expect(await make(one, 'payments', 'Payments')).toMatchObject({ ok: true });
      expect(await make(two, 'web')).toMatchObject({ ok: true });
      expect(await make(one, 'web')).toMatchObject({ ok: false, error: { reason: 'conflict' } });
      for (const slug of ['', 'Web', '-a', 'a b', 'a'.repeat(51), '#web'])
        expect(await make(one, slug, 'Name')).toMatchObject({ ok: false, error: { reason: 'invalid' } });
      expect(await make(one, 'blank', ' ')).toMatchObject({ ok: false, error: { reason: 'invalid' } });
      expect((await control.teams.list(one)).map(({ slug }) => slug)).toEqual(['payments', 'web']);
      expect(await control.teams.rename(one, 'web', 'A web')).toMatchObject({ ok: true, value: { name: 'A web' } });
      expect(await control.teams.rename(one, 'none', 'A')).toMatchObject({ ok: false, error: { reason: 'not-found' } });
      expect(await control.teams.find(two, 'payments')).toBeUndefined();
    });

    it('hold as many as may be, also when many are made at once', async () => {
      await runStatement(
        control.database.connectionString,
        `INSERT INTO teams (organisation, slug, name, created_at, created_by)
         SELECT $1, 't' || n, 'T', now(), 'x' FROM generate_series(3, ${teamLimits.teams}) n`,
        [one],
      );
      const made = await Promise.all(
        ['a', 'b', 'c', 'd'].map((slug) => control.teams.create(one, { slug, name: slug }, 'ann')),
      );
      expect(made.filter(({ ok }) => ok)).toHaveLength(2);
      await runStatement(
        control.database.connectionString,
        `WITH p AS (INSERT INTO people (id, email, name, password_hash, created_at)
           SELECT 'p' || n, n || '@x', '', '', now() FROM generate_series(1, ${teamLimits.members}) n RETURNING id),
         m AS (INSERT INTO memberships SELECT $1, id, 'viewer', now() FROM p RETURNING person)
         SELECT count(*) FROM m`,
        [one],
      );
      await runStatement(
        control.database.connectionString,
        `INSERT INTO team_members SELECT $1, 't3', person, 'member', now() FROM memberships WHERE person LIKE 'p%' AND person ~ '^p[0-9]+$'`,
        [one],
      );
      expect(await control.teams.putMember(one, 't3', ann, 'member')).toMatchObject({
        ok: false,
        error: { reason: 'conflict' },
      });
      expect(await control.teams.putMember(one, 't3', 'p7', 'lead')).toMatchObject({ ok: true });
    });

    it('have members of the organisation alone, leads first', async () => {
      const bob = await person('bob@shop.example');
      await control.teams.create(one, { slug: 'web', name: 'Web' }, 'ann');
      await control.teams.create(two, { slug: 'web', name: 'Web' }, 'ann');
      await control.teams.putMember(one, 'web', ann, 'member');
      await control.teams.putMember(one, 'web', bob, 'lead');
      expect((await control.teams.members(one, 'web')).map(({ email, role }) => `${email} ${role}`)).toEqual([
        'bob@shop.example lead',
        'ann@shop.example member',
      ]);
      expect(await control.teams.putMember(one, 'web', ann, 'lead')).toMatchObject({ value: { role: 'lead' } });
      const refused = { ok: false, error: { reason: 'not-found' } };
      expect(await control.teams.putMember(two, 'web', ann, 'lead')).toMatchObject(refused);
      expect(await control.teams.putMember(one, 'none', ann, 'lead')).toMatchObject(refused);
      expect(await control.teams.removeMember(two, 'web', ann)).toMatchObject(refused);
      expect(await control.teams.ofPerson(one, 'ANN@shop.example')).toEqual(['web']);
      expect(await control.teams.ofPerson(two, 'ann@shop.example')).toEqual([]);
      expect(await control.teams.removeMember(one, 'web', ann)).toMatchObject({ value: { person: ann } });
      await control.people.remove(one, bob, 'owner');
      expect(await control.teams.members(one, 'web')).toEqual([]);
    });

    it('are taken off what they owned when they go', async () => {
      await control.teams.create(one, { slug: 'web', name: 'Web' }, 'ann');
      await control.teams.create(one, { slug: 'pay', name: 'Pay' }, 'ann');
      const issues = ['1', '2', '3'].map((digit) => digit.repeat(16)) as [string, string, string];
      await control.issueStates.change(one, issues[0], { assignee: '#web' }, 'ann');
      await control.issueStates.change(one, issues[1], { assignee: '#web', status: 'resolved' }, 'ann');
      await control.issueStates.change(one, issues[2], { assignee: '#pay' }, 'ann');
      await control.issueStates.change(two, issues[0], { assignee: '#web' }, 'eve');
      const [ours, theirs] = [
        { id: 'ours', at: Date.now() },
        { id: 'theirs', at: Date.now() },
      ];
      await control.feedback.change(one, [ours], { assignee: '#web' }, 'ann');
      await control.feedback.change(one, [theirs], { assignee: '#pay' }, 'ann');
      const rule = (title: string, team: string) => ({
        name: title,
        description: '',
        type: 'logs',
        settings: {},
        severity: 'high' as const,
        enabled: true,
        policy: '',
        runbook: '',
        labels: { team, area: 'till' },
        everyMs: 60_000,
        forMs: 0,
      });
      await control.detect.rules.create(one, rule('Ours', 'web'), 'ann');
      await control.detect.rules.create(one, rule('Theirs', 'pay'), 'ann');
      await control.issues.rules.put(one, 'ownership', 'path:a #web', 'ann');
      expect(await control.teams.owns(one, 'web')).toMatchObject({
        issues: 2,
        openIssues: 1,
        rules: [{ name: 'Ours' }],
      });
      const removed = await control.teams.remove(one, 'web', 'ann', (text) => `# ${text}`);
      expect(removed).toMatchObject({ ok: true, value: { name: 'Web', issues: 2, rules: [{ name: 'Ours' }] } });
      expect((await control.issueStates.find(one, issues[0]))?.assignee).toBe('');
      expect((await control.issueStates.find(one, issues[2]))?.assignee).toBe('#pay');
      expect((await control.issueStates.find(two, issues[0]))?.assignee).toBe('#web');
      expect((await control.issueStates.activity(one, issues[1]))[0]).toMatchObject({
        actor: 'ann',
        text: 'unassigned it: the team #web was deleted',
        kind: 'change',
      });
      const feedback = await control.feedback.list(one, ['ours', 'theirs']);
      expect([feedback.get('ours')?.assignee, feedback.get('theirs')?.assignee]).toEqual(['', '#pay']);
      expect((await control.feedback.activity(one, 'ours'))[0]?.text).toBe('unassigned it: the team #web was deleted');
      expect((await control.detect.rules.list(one)).map(({ labels }) => labels)).toEqual([
        { area: 'till' },
        { area: 'till', team: 'pay' },
      ]);
      expect((await control.issues.rules.read(one)).ownership.content).toBe('# path:a #web');
      expect(await control.teams.find(one, 'web')).toBeUndefined();
      expect(await control.teams.remove(one, 'web', 'ann', keep)).toMatchObject({ ok: false });
    });
  });
}
