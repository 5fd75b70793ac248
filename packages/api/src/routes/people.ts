import { Readable } from 'node:stream';
import { changeRole, invite, listAudit, listMembers, removeMember, revokeInvitation } from '@sightline/contract';
import { Places } from '../places.ts';
import { refusal } from '../problem.ts';
import { answer, doneReply, refuse, type Route, stream } from '../route.ts';

const openExports = new Places({ server: 4, organisation: 1 });

export const peopleRoutes: readonly Route[] = [
  answer(listMembers, async (_, { deps: { control }, caller }) => {
    const [members, invitations] = await Promise.all([
      control.people.members(caller.organisation),
      control.invitations.list(caller.organisation),
    ]);
    return { members, invitations };
  }),

  answer(invite, async ({ body }, { deps, caller, audit }) => {
    const by = { name: caller.actor, role: caller.role };
    const made = await deps.control.invitations.create(caller.organisation, body.email, body.role, by);
    if (!made.ok) return refusal(made.error);
    const { id, token, expiresAt, email, role } = made.value;
    await audit('invitation.create', email, role);
    return { id, link: `${deps.settings.publicUrl}/invitation?token=${token}`, expiresAt };
  }),

  answer(revokeInvitation, async ({ params }, { deps, caller, audit }) => {
    const revoked = await deps.control.invitations.revoke(caller.organisation, params.id);
    if (!revoked.ok) return refusal(revoked.error);
    await audit('invitation.revoke', revoked.value.email);
    return doneReply;
  }),

  answer(changeRole, async ({ params, body }, { deps, caller, audit }) => {
    const changed = await deps.control.people.changeRole(caller.organisation, params.id, body.role, caller.role);
    if (!changed.ok) return refusal(changed.error);
    await audit('person.role', changed.value.email, body.role);
    return changed.value;
  }),

  answer(removeMember, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.people.remove(caller.organisation, params.id, caller.role);
    if (!removed.ok) return refusal(removed.error);
    await audit('person.remove', removed.value.email, removed.value.role);
    return doneReply;
  }),

  answer(listAudit, async ({ query }, { deps, caller }) => {
    const page = await deps.control.audit.list(caller.organisation, query);
    return page.ok ? page.value : refusal(page.error);
  }),

  stream(
    {
      method: 'GET',
      path: '/api/v1/audit/export',
      permission: 'admin',
      summary: 'The whole audit trail with its hashes as NDJSON, oldest first, for npm run verify -- --audit',
    },
    async (_, { deps, caller, audit }, reply) => {
      if (!openExports.enter(deps, caller.organisation))
        return refuse(503, 'Too many exports', 'Let another one end and try again.', {
          headers: { 'retry-after': '30' },
        });
      try {
        await audit('audit.export', '');
        await reply
          .type('application/x-ndjson; charset=utf-8')
          .header('content-disposition', 'attachment; filename="audit.ndjson"')
          .header('cache-control', 'no-store')
          .send(Readable.from(linesOf(deps.control.audit.export(caller.organisation))));
      } finally {
        openExports.leave(deps, caller.organisation);
      }
      return undefined;
    },
  ),
];

async function* linesOf(entries: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
}
