import { Button, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';

/** Asks for the name under which something is kept, in the row where the button stood. `children` are further choices. */
export function NameForm({
  label,
  initial = '',
  fault,
  busy,
  children,
  onSave,
  onCancel,
}: {
  label: string;
  /** The name that it has. */
  initial?: string;
  fault: string | undefined;
  busy: boolean;
  children?: ReactNode;
  onSave: (name: string) => void;
  onCancel: () => void;
}): ReactNode {
  const [name, setName] = useState(initial);
  const [missing, setMissing] = useState(false);
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        setMissing(name.trim() === '');
        if (name.trim() !== '') onSave(name.trim());
      }}
    >
      <TextInput
        autoFocus
        aria-label={label}
        placeholder="Name"
        maxLength={100}
        value={name}
        error={missing && name.trim() === '' ? 'This is needed.' : fault}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {children}
      <Button type="submit" loading={busy}>
        Save
      </Button>
      <Button variant="subtle" onClick={onCancel}>
        Cancel
      </Button>
    </form>
  );
}
