import { Button, SegmentedControl } from '@mantine/core';
import { PasswordField } from '../../components/password-field.tsx';
import { notifications } from '@mantine/notifications';
import { changePassword } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { useAct } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { useTheme } from '../../shell/theme-switch.ts';
import { FormProblem } from '../../components/form-problem.tsx';

/** My own password, and how the pages look in this browser. */
export function Mine(): ReactNode {
  const me = useMe();
  const { chosen, choose } = useTheme();
  return (
    <>
      <section className="panel mine" aria-label="Theme">
        <header className="panel-head">
          <h2>Theme in this browser</h2>
        </header>
        <div className="panel-body">
          <SegmentedControl
            size="xs"
            aria-label="Theme"
            value={chosen}
            onChange={choose}
            data={[
              { value: 'dark', label: 'Dark' },
              { value: 'light', label: 'Light' },
              { value: 'auto', label: 'As the system' },
            ]}
          />
        </div>
      </section>
      <section className="panel mine" aria-label="Password">
        <header className="panel-head">
          <h2>Password of {me.person.email}</h2>
        </header>
        <PasswordForm />
      </section>
      <p className="muted">Sightline {me.version}</p>
    </>
  );
}

function PasswordForm(): ReactNode {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const changing = useAct(changePassword);
  const faults = changing.error?.fields ?? {};
  return (
    <form
      className="panel-body stack"
      onSubmit={(event) => {
        event.preventDefault();
        changing.mutate(
          { body: { current, next } },
          {
            onSuccess: () => {
              setCurrent('');
              setNext('');
              notifications.show({ message: 'Password changed. Your other sessions have ended.' });
            },
          },
        );
      }}
    >
      <PasswordField
        label="Current password"
        autoComplete="current-password"
        value={current}
        error={faults['current']}
        onChange={(event) => setCurrent(event.currentTarget.value)}
      />
      <PasswordField
        label="New password"
        description="At least 10 characters. Your other sessions end."
        autoComplete="new-password"
        value={next}
        error={faults['next']}
        onChange={(event) => setNext(event.currentTarget.value)}
      />
      <FormProblem problem={changing.error} known={['current', 'next']} />
      <div>
        <Button type="submit" loading={changing.isPending}>
          Change the password
        </Button>
      </div>
    </form>
  );
}
