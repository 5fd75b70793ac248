import { Button, TextInput } from '@mantine/core';
import { PasswordField } from '../../components/password-field.tsx';
import { setupState, signIn } from '@sightline/contract';
import { useRouter } from '@tanstack/react-router';
import { useRef, useState, type ReactNode } from 'react';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { enterAs } from '../../data/session.tsx';
import { EntryForm, EntryFrame } from './entry-frame.tsx';
import { nextAddress } from './next-address.ts';

/** E-mail and password; back to where the person wanted to go. */
export default function SignInPage(): ReactNode {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [pressed, setPressed] = useState(false);
  const emailField = useRef<HTMLInputElement>(null);
  const passwordField = useRef<HTMLInputElement>(null);
  const { search } = useAddress();
  const router = useRouter();
  const entering = useAct(signIn);
  const fresh = useAsk(setupState).data?.needed === true;
  const faults = entering.error?.fields ?? {};
  // The button is pressed, not greyed: a browser that fills in what it knows says so only when somebody presses something.
  const missing = (value: string): string | undefined =>
    pressed && value.trim() === '' ? 'This is needed.' : undefined;
  function send(): void {
    setPressed(true);
    if (email.trim() === '') return emailField.current?.focus();
    if (password === '') return passwordField.current?.focus();
    entering.mutate(
      { body: { email: email.trim(), password } },
      {
        onSuccess: (me) => {
          enterAs(me);
          router.history.replace(nextAddress(search['next']));
        },
      },
    );
  }
  return (
    <EntryFrame
      title="Sign in"
      text="See what your stores are doing, now."
      foot={
        fresh ? (
          <>
            Nobody owns this installation yet. <a href="/setup">Set it up</a>.
          </>
        ) : (
          'No account? Ask an admin of your organisation for an invitation link.'
        )
      }
    >
      <EntryForm problem={entering.error} known={['email', 'password']} onSend={send}>
        <TextInput
          ref={emailField}
          size="sm"
          label="E-mail"
          type="email"
          autoComplete="username"
          autoFocus
          required
          value={email}
          error={missing(email) ?? faults['email']}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordField
          ref={passwordField}
          size="sm"
          label="Password"
          autoComplete="current-password"
          required
          value={password}
          error={missing(password) ?? faults['password']}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="sm" loading={entering.isPending}>
          Sign in
        </Button>
      </EntryForm>
    </EntryFrame>
  );
}
