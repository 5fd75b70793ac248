import { Button, Select, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  changeRole,
  invite,
  listMembers,
  removeMember,
  revokeInvitation,
  role as roles,
  type Role,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { ScrollX } from '../../components/scroll-x.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { useFirstRows } from '../../components/first-rows.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { ShownOnce } from './shown-once.tsx';

type Member = Reply<typeof listMembers>['members'][number];
const meanings: Readonly<Record<Role, string>> = {
  viewer: 'viewer: sees everything',
  responder: 'responder: also works on issues',
  admin: 'admin: also people, keys, settings',
  owner: 'owner: everything',
};

/** Who belongs to the organisation, and who is invited. */
export function People(): ReactNode {
  const me = useMe();
  const asked = useAsk(listMembers);
  const { first, rest } = useFirstRows(asked.data?.members ?? [], { atOnce: 200, one: 'person', many: 'people' });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const admin = me.may('admin');
  return (
    <>
      {admin && <Invite />}
      <section className="panel" aria-label="People">
        <ScrollX label="People">
          <table className="table one-line stacks">
            <thead>
              <tr>
                <th>Person</th>
                <th>E-mail</th>
                <th>Role</th>
                <th>Last signed in</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {first.map((member) => (
                <PersonRow key={member.id} member={member} admin={admin} />
              ))}
            </tbody>
          </table>
        </ScrollX>
      </section>
      {rest}
      {admin && asked.data.invitations.length > 0 && <Invitations rows={asked.data.invitations} />}
    </>
  );
}

function PersonRow({ member, admin }: { member: Member; admin: boolean }): ReactNode {
  const me = useMe();
  const changing = useAct(changeRole, [listMembers]);
  const removing = useAct(removeMember, [listMembers]);
  const name = member.name || member.email;
  const mine = member.id === me.person.id;
  return (
    <tr>
      <td className="row-name">
        {name} {mine && <span className="muted">(you)</span>}
      </td>
      <td data-title="E-mail">{member.email}</td>
      <td data-title="Role">
        {admin && !mine && (member.role !== 'owner' || me.may('owner')) ? (
          <RoleSelect
            label={`Role of ${name}`}
            value={member.role}
            onChange={(role) =>
              changing.mutate(
                { params: { id: member.id }, body: { role } },
                { onError: (e) => notifications.show({ title: e.title, message: e.detail, color: 'red' }) },
              )
            }
          />
        ) : (
          member.role
        )}
      </td>
      <td data-title="Last signed in">
        {member.lastSignInAt === null ? 'never' : <TimeText at={member.lastSignInAt} show="relative" />}
      </td>
      <td className="number">
        {admin && !mine && (
          <Confirm
            verb="Remove"
            harmful
            title={`Remove ${name} from ${me.organisation.name}`}
            text="Their sessions end now. What they did stays in the audit."
            act={async () => removing.mutateAsync({ params: { id: member.id } })}
          />
        )}
      </td>
    </tr>
  );
}

function RoleSelect(props: { label: string; value: Role; onChange: (role: Role) => void }): ReactNode {
  const { may } = useMe();
  const offered = roles.options.filter((r) => r !== 'owner' || may('owner') || props.value === 'owner');
  return (
    <Select
      aria-label={props.label}
      w={236}
      allowDeselect={false}
      data={offered.map((r) => ({ value: r, label: meanings[r] }))}
      value={props.value}
      onChange={(value) => {
        if (value !== null && value !== props.value) props.onChange(value);
      }}
    />
  );
}

function Invite(): ReactNode {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('responder');
  const inviting = useAct(invite, [listMembers]);
  if (inviting.data !== undefined) {
    return (
      <ShownOnce
        what="Invitation link"
        secret={inviting.data.link}
        text={
          <>
            Send this link to <strong>{email}</strong>. It is shown once, works once, and ends{' '}
            <TimeText at={inviting.data.expiresAt} show="relative" />.
          </>
        }
        onDone={() => {
          inviting.reset();
          setEmail('');
        }}
      />
    );
  }
  return (
    <form
      className="line-form"
      onSubmit={(event) => {
        event.preventDefault();
        inviting.mutate({ body: { email: email.trim(), role } });
      }}
    >
      <TextInput
        className="grow"
        type="email"
        label="Invite a person"
        placeholder="e-mail"
        value={email}
        error={inviting.error?.fields['email']}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <RoleSelect label="Role of the invited person" value={role} onChange={setRole} />
      <Button type="submit" loading={inviting.isPending}>
        Invite
      </Button>
      <FormProblem problem={inviting.error} known={['email']} />
    </form>
  );
}

function Invitations({ rows }: { rows: Reply<typeof listMembers>['invitations'] }): ReactNode {
  const revoking = useAct(revokeInvitation, [listMembers]);
  return (
    <section className="panel" aria-label="Open invitations">
      <header className="panel-head">
        <h2>Open invitations</h2>
      </header>
      <ScrollX label="Invitations">
        <table className="table one-line stacks">
          <tbody>
            {rows.map((row) => (
              <tr key={row.id}>
                <td className="row-name">{row.email}</td>
                <td>{row.role}</td>
                <td>
                  ends <TimeText at={row.expiresAt} show="relative" />
                </td>
                <td className="number">
                  <Confirm
                    verb="Withdraw"
                    harmful
                    title={`Withdraw the invitation of ${row.email}`}
                    text="The link that was sent stops working."
                    act={async () => revoking.mutateAsync({ params: { id: row.id } })}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}
