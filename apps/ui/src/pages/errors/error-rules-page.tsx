import { getErrorRules, getIssue, putErrorRules, putOwnershipMode } from '@sightline/contract';
import { Button, Select, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import './errors.css';

type Kind = Exclude<keyof Reply<typeof getErrorRules>, 'ownershipMode'>;
type Mode = Reply<typeof getErrorRules>['ownershipMode'];

const kinds: readonly {
  readonly kind: Kind;
  readonly title: string;
  readonly text: string;
  readonly example: string;
}[] = [
  {
    kind: 'fingerprint',
    title: 'Fingerprint rules',
    text: 'The first rule that fits decides which issue an event belongs to. They apply to events from now on.',
    example:
      '# every time-out of the card gateway is one issue, per site\nerror.type:TimeoutError stack.function:charge* -> card-gateway, {{ site }}',
  },
  {
    kind: 'stack',
    title: 'Stack-trace rules',
    text: 'They say which frames are yours (app) and which count for grouping (group). All apply, from top to bottom.',
    example: 'stack.abs_path:**/generated/** -group\nfamily:native stack.function:std::* -app',
  },
  {
    kind: 'ownership',
    title: 'Ownership rules',
    text: 'The last rule that fits says whose an issue is. It names people by e-mail address and teams as #payments; the first gets the issue. Lines of a CODEOWNERS file work too.',
    example: 'path:src/payment/** #payments\nsite:STORE_0* bob@shop.example\nsrc/web/ @acme/web',
  },
];

/** How errors are grouped and whose they are: three texts of rules, each saved whole. */
export default function ErrorRulesPage(): ReactNode {
  const asked = useAsk(getErrorRules);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Rules for errors</h1>
        <Go to="/errors">All errors</Go>
      </div>
      {asked.data === undefined &&
        (asked.error === null ? (
          <SkeletonRows rows={12} />
        ) : (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ))}
      {asked.data !== undefined &&
        kinds.map(({ kind, ...words }) => (
          <RulesText key={`${kind}${asked.data[kind].updatedAt ?? 0}`} kind={kind} {...words} rules={asked.data[kind]}>
            {kind === 'ownership' && <OwnershipChoice mode={asked.data.ownershipMode} />}
          </RulesText>
        ))}
    </div>
  );
}

const modeWords: Readonly<Record<Mode, string>> = {
  off: 'Do nothing',
  suggest: 'Suggest the owner on the issue page',
  assign: 'Assign it, and tell its owners by e-mail',
};

function OwnershipChoice({ mode }: { readonly mode: Mode }): ReactNode {
  const { may } = useMe();
  const choose = useAct(putOwnershipMode, [getErrorRules, getIssue]);
  return (
    <Select
      label="When a new issue appears"
      w={320}
      allowDeselect={false}
      disabled={!may('admin') || choose.isPending}
      data={(['off', 'suggest', 'assign'] as const).map((value) => ({ value, label: modeWords[value] }))}
      value={mode}
      error={choose.error?.detail}
      onChange={(value) => value !== null && choose.mutate({ body: { mode: value } })}
    />
  );
}

function RulesText({
  kind,
  title,
  text,
  example,
  rules,
  children,
}: (typeof kinds)[number] & { rules: Reply<typeof getErrorRules>[Kind]; children?: ReactNode }): ReactNode {
  const { may } = useMe();
  const [content, setContent] = useState(rules.content);
  const save = useAct(putErrorRules, [getErrorRules, getIssue]);
  const changed = content !== rules.content;
  return (
    <section className="issue-part">
      <h2>{title}</h2>
      {children}
      <Textarea
        label={text}
        classNames={{ input: 'code' }}
        placeholder={example}
        autosize
        minRows={4}
        maxRows={24}
        maxLength={65_536}
        spellCheck={false}
        readOnly={!may('admin')}
        value={content}
        error={save.error === null ? undefined : <span className="rules-faults">{save.error.detail}</span>}
        onChange={(event) => setContent(event.currentTarget.value)}
      />
      <div className="row">
        {may('admin') && (
          <Button
            disabled={!changed}
            loading={save.isPending}
            onClick={() => save.mutate({ params: { kind }, body: { content } })}
          >
            Save
          </Button>
        )}
        {rules.updatedAt !== null && (
          <span className="muted">
            Changed by {rules.updatedBy} <TimeText at={rules.updatedAt} show="relative" />
          </span>
        )}
      </div>
    </section>
  );
}
