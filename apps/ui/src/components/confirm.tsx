import { Button, Modal, type ButtonProps } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { ProblemError } from '../data/call.ts';

export interface ConfirmProps {
  /** On the button that asks, and on the one that does: a verb. */
  readonly verb: string;
  /** Names the thing: "Revoke the key Grafana". */
  readonly title: string;
  /** What it means, and what cannot be undone. */
  readonly text: ReactNode;
  /** Does it; the dialog closes when it is done and stays, with the reason, when it is not. */
  readonly act: () => Promise<unknown>;
  /** Red: something is lost. */
  readonly harmful?: boolean;
  readonly button?: Partial<ButtonProps>;
}

/** The safe button has the focus. */
const autofocus = { 'data-autofocus': true };

/** A button for what cannot be undone: it asks once, naming the thing. */
export function Confirm(props: ConfirmProps): ReactNode {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  async function run(): Promise<void> {
    setBusy(true);
    setProblem('');
    try {
      await props.act();
      setOpen(false);
    } catch (error) {
      const said = error as ProblemError;
      setProblem(said.detail || said.message);
    } finally {
      setBusy(false);
    }
  }
  return (
    <>
      <Button variant="default" size="compact-xs" {...props.button} onClick={() => setOpen(true)}>
        {props.verb}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={props.title}
        centered
        size={420}
        withCloseButton={false}
      >
        <p>{props.text}</p>
        {problem !== '' && (
          <p role="alert" style={{ color: 'var(--bad)', marginTop: 8 }}>
            {problem}
          </p>
        )}
        <div className="row" style={{ justifyContent: 'flex-end', marginTop: 16 }}>
          <Button variant="default" {...(props.harmful === true ? autofocus : {})} onClick={() => setOpen(false)}>
            Keep it as it is
          </Button>
          <Button
            color={props.harmful === true ? 'var(--harm-fill)' : 'accent'}
            loading={busy}
            {...(props.harmful === true ? {} : autofocus)}
            onClick={() => void run()}
          >
            {props.verb}
          </Button>
        </div>
      </Modal>
    </>
  );
}
