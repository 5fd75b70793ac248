import { Button, TextInput } from '@mantine/core';
import { PasswordField } from '../../components/password-field.tsx';
import { setup, setupState } from '@sightline/contract';
import { useRouter } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { enterAs } from '../../data/session.tsx';
import { EntryForm, EntryFrame } from './entry-frame.tsx';

const fields = ['token', 'organisation', 'name', 'email', 'password'] as const;
type Field = (typeof fields)[number];

/** The first owner of a fresh installation. The token proves access to the server's console. */
export default function SetupPage(): ReactNode {
  const { search } = useAddress();
  const given = search['token'] ?? '';
  const [values, setValues] = useState<Record<Field, string>>({
    token: given,
    organisation: '',
    name: '',
    email: '',
    password: '',
  });
  const router = useRouter();
  const making = useAct(setup, [setupState]);
  const state = useAsk(setupState);
  const faults = making.error?.fields ?? {};
  const bind = (field: Field) => ({
    size: 'sm' as const,
    value: values[field],
    error: faults[field],
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setValues((old) => ({ ...old, [field]: value }));
    },
  });
  function send(): void {
    const body = { ...values, token: values.token.trim(), email: values.email.trim() };
    making.mutate(
      { body },
      {
        onSuccess: (me) => {
          enterAs(me);
          router.history.replace(me.demo ? '/' : '/data');
        },
      },
    );
  }
  if (state.data?.needed === false && !making.isSuccess) {
    return (
      <EntryFrame title="Already set up" text="This installation has its owner. The set-up token works once.">
        <Button component="a" href="/sign-in" size="sm" mt={16}>
          Sign in
        </Button>
      </EntryFrame>
    );
  }
  return (
    <EntryFrame
      title="Set up Sightline"
      text="Name your organisation and its first owner: you. Others are invited later, in Settings."
      foot="Everything stays on this server. Nothing is sent anywhere."
    >
      <EntryForm problem={making.error} known={fields} onSend={send}>
        {(given === '' || faults['token'] !== undefined) && (
          <TextInput
            label="Set-up token"
            description="The server printed a link with it when it started."
            autoComplete="off"
            required
            {...bind('token')}
          />
        )}
        <TextInput label="Organisation" placeholder="Sunshine Spirits" autoFocus required {...bind('organisation')} />
        <TextInput label="Your name" autoComplete="name" {...bind('name')} />
        <TextInput label="E-mail" type="email" autoComplete="username" required {...bind('email')} />
        <PasswordField
          label="Password"
          description="At least 10 characters"
          autoComplete="new-password"
          required
          {...bind('password')}
        />
        <Button type="submit" size="sm" loading={making.isPending}>
          Create the organisation
        </Button>
      </EntryForm>
    </EntryFrame>
  );
}
