import { Button, TextInput } from '@mantine/core';
import { PasswordField } from '../../components/password-field.tsx';
import { acceptInvitation } from '@sightline/contract';
import { useRouter } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useAddress } from '../../data/address.ts';
import { useAct } from '../../data/ask.ts';
import { enterAs } from '../../data/session.tsx';
import { EntryForm, EntryFrame } from './entry-frame.tsx';

/** An invited person chooses a name and a password. */
export default function InvitationPage(): ReactNode {
  const { search } = useAddress();
  const token = search['token'] ?? '';
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const router = useRouter();
  const accepting = useAct(acceptInvitation);
  const faults = accepting.error?.fields ?? {};
  function send(): void {
    accepting.mutate(
      { body: { token, name, password } },
      {
        onSuccess: (me) => {
          enterAs(me);
          router.history.replace('/');
        },
      },
    );
  }
  if (token === '') {
    return (
      <EntryFrame title="This link is not whole" text="Open the invitation link as it was sent, up to its last letter.">
        <Button component="a" href="/sign-in" variant="default" size="sm" mt={16}>
          Sign in instead
        </Button>
      </EntryFrame>
    );
  }
  return (
    <EntryFrame title="You are invited" text="Choose a password to see the stores of your organisation.">
      <EntryForm problem={accepting.error} known={['name', 'password']} onSend={send}>
        <TextInput
          size="sm"
          label="Your name"
          autoComplete="name"
          autoFocus
          value={name}
          error={faults['name']}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordField
          size="sm"
          label="Password"
          description="At least 10 characters. If you have an account here already, give its password."
          autoComplete="new-password"
          required
          value={password}
          error={faults['password']}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="sm" loading={accepting.isPending}>
          Accept the invitation
        </Button>
      </EntryForm>
    </EntryFrame>
  );
}
