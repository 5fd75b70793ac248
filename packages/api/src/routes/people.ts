import { changeRole, invite, listMembers, removeMember, revokeInvitation } from '@sightline/contract';
import { refusal } from '../problem.ts';
import { answer, doneReply, type Route } from '../route.ts';

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
];
