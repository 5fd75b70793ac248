import { Button, FileButton, Textarea, TextInput } from '@mantine/core';
import { getRuleFile, listFileRuleGroups, listRuleFiles, putRuleFile } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { SaveOrBack } from '../../components/form-parts.tsx';
import { RefusedText } from '../../components/refused-text.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { ruleFileName } from './rule-file-name.ts';

const example = `groups:
  - name: payments
    rules:
      - alert: PaymentsFail
        expr: sum by (site) (rate(payments_failed_total[5m])) > 0.1
        for: 2m
        labels:
          severity: critical
        annotations:
          summary: Payments fail at {{ $labels.site }}
`;

/** As the server takes. */
const mostCharacters = 900_000;

interface FormProps {
  /** '' for a new one. */
  readonly name: string;
  /** Names of the files that there are: a new one of such a name would replace it. */
  readonly taken: readonly string[];
  readonly onClose: () => void;
}

/** A rule file as text. What Prometheus would refuse is refused with the place of each fault, and nothing changes. */
export function RuleFileForm(props: FormProps): ReactNode {
  const asked = useAsk(getRuleFile, { params: { name: props.name } }, { when: props.name !== '', keepOld: false });
  if (props.name === '') return <Form {...props} content={example} />;
  if (asked.data !== undefined) return <Form {...props} content={asked.data.content} />;
  if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
  return <SkeletonRows rows={12} />;
}

function Form({ name, taken, content, onClose }: FormProps & { content: string }): ReactNode {
  const me = useMe();
  const [draft, setDraft] = useState({ name, content });
  const save = useAct(putRuleFile, [listRuleFiles, listFileRuleGroups, getRuleFile]);
  const [fault, setFault] = useState('');
  const take = async (file: File | null): Promise<void> => {
    if (file === null) return;
    if (file.size > mostCharacters) {
      setFault(`${file.name} is larger than 900 kB.`);
      return;
    }
    setFault('');
    setDraft({ name: name === '' ? ruleFileName(file.name) : name, content: await file.text() });
  };
  const replaces = name === '' && taken.includes(draft.name.trim());
  return (
    <form
      className="rule-form"
      onSubmit={(event) => {
        event.preventDefault();
        const file = draft.name.trim();
        save.mutate({ params: { name: file }, body: { content: draft.content } }, { onSuccess: onClose });
      }}
    >
      {me.may('admin') && (
        <div className="row">
          <FileButton accept=".yml,.yaml,.rules" onChange={(file) => void take(file)}>
            {(props) => (
              <Button {...props} variant="default">
                Choose a file
              </Button>
            )}
          </FileButton>
          <span className="muted">that Prometheus runs, unchanged, or write it below</span>
        </div>
      )}
      {fault !== '' && (
        <p className="form-problem" role="alert">
          {fault}
        </p>
      )}
      <TextInput
        label="Name of the file"
        placeholder="payments.rules.yml, or logql:payments"
        description={
          replaces
            ? `There is a file of this name: saving replaces it.`
            : 'A name that begins with logql: holds rules over logs, with LogQL for expr, as Loki’s ruler has them.'
        }
        value={draft.name}
        readOnly={name !== ''}
        maxLength={200}
        required
        pattern="[\w.@\-]+|logql:.+"
        title="Letters, digits and . _ - @; behind logql: any name"
        onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
      />
      <Textarea
        label="Rules (YAML, as Prometheus or Loki reads it)"
        classNames={{ input: 'code' }}
        autosize
        minRows={14}
        maxRows={40}
        spellCheck={false}
        readOnly={!me.may('admin')}
        value={draft.content}
        onChange={(event) => setDraft({ ...draft, content: event.currentTarget.value })}
      />
      {save.error !== null && <RefusedText problem={save.error} />}
      <SaveOrBack may={me.may('admin')} saving={save.isPending} onClose={onClose} />
    </form>
  );
}
