import { Autocomplete, NumberInput, Switch, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { getSampling, previewSampling, saveSampling, scopes, type SamplingRules } from '@sightline/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { formatBytes, formatDuration } from '../../charts/number-format.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { AddLine, RemoveLine, SaveLine } from '../../components/form-parts.tsx';
import { nextKey } from '../../components/line-key.ts';
import { FormProblem } from '../../components/form-problem.tsx';
import { counted } from '../../components/number-text.ts';
import { Skeleton, SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';

type Policy = Reply<typeof getSampling>;

const minuteMs = 60_000;

/** Which traces are kept: errors always, slow ones, a share of the rest by service. Nothing is let go unless it is switched on. */
export function Sampling(): ReactNode {
  const asked = useAsk(getSampling);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  return <PolicyForm key={asked.data.updatedAt} policy={asked.data} />;
}

interface Draft {
  readonly name: string;
  readonly enabled: boolean;
  readonly slowMs: number | string;
  readonly sharePercent: number | string;
  readonly waitMin: number | string;
  readonly services: readonly { readonly key: number; readonly service: string; readonly percent: number | string }[];
}

const draftOf = (policy: Policy): Draft => ({
  name: policy.name,
  enabled: policy.enabledAt !== null,
  slowMs: policy.slowMs ?? '',
  sharePercent: percentOf(policy.share),
  waitMin: policy.waitMs / minuteMs,
  services: policy.services.map(({ service, share }, key) => ({ key, service, percent: percentOf(share) })),
});

const percentOf = (share: number): number => Number((100 * share).toFixed(4));
const shareOf = (percent: number | string): number => (percent === '' ? Number.NaN : Number(percent) / 100);

/** The rules that a draft stands for; undefined while a field is empty. */
function rulesOf(draft: Draft): SamplingRules | undefined {
  const rules = {
    name: draft.name.trim(),
    slowMs: draft.slowMs === '' ? null : Number(draft.slowMs),
    share: shareOf(draft.sharePercent),
    waitMs: Math.round(Number(draft.waitMin) * minuteMs),
    services: draft.services.map(({ service, percent }) => ({ service: service.trim(), share: shareOf(percent) })),
  };
  const shares = [rules.share, ...rules.services.map(({ share }) => share)];
  const whole =
    rules.name !== '' &&
    draft.waitMin !== '' &&
    shares.every((share) => share >= 0 && share <= 1) &&
    rules.services.every(({ service }) => service !== '');
  return whole ? rules : undefined;
}

function PolicyForm({ policy }: { policy: Policy }): ReactNode {
  const me = useMe();
  const [draft, setDraft] = useState(() => draftOf(policy));
  const saving = useAct(saveSampling, [getSampling]);
  const known = useAsk(scopes);
  const may = me.may('admin');
  const rules = rulesOf(draft);
  const change = (part: Partial<Draft>): void => setDraft((old) => ({ ...old, ...part }));
  const changeService = (key: number, part: Partial<Draft['services'][number]>): void =>
    change({ services: draft.services.map((one) => (one.key === key ? { ...one, ...part } : one)) });
  const problem = saving.error;
  return (
    <section className="panel panel-body sampling" aria-label="Sampling of traces">
      <p>
        {policy.enabledAt === null ? (
          <ToneBadge tone="good">All traces are kept</ToneBadge>
        ) : (
          <ToneBadge tone="warn">
            On since <TimeText at={policy.enabledAt} />
          </ToneBadge>
        )}{' '}
        <span className="muted">
          Traces with a failed span or an error record are always kept, whole. Rates, errors, durations and the service
          map count every span, whatever is let go.
        </span>
      </p>
      <nav className="ways-on" aria-label="Ways on">
        <Go to="/data" search={{ tab: 'health', sampled: '1' }}>
          What was let go
        </Go>
      </nav>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (rules !== undefined) saving.mutate({ body: { ...rules, enabled: draft.enabled } });
        }}
      >
        <fieldset disabled={!may} className="stack bare">
          <Switch
            label="Let traces go by this policy"
            checked={draft.enabled}
            disabled={!may}
            onChange={(event) => change({ enabled: event.currentTarget.checked })}
          />
          <div className="line-form">
            <TextInput
              label="Name"
              value={draft.name}
              maxLength={100}
              error={problem?.fields['name']}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <NumberInput
              size="xs"
              label="Keep all slower than, ms"
              placeholder="however slow"
              min={1}
              w={180}
              value={draft.slowMs}
              error={problem?.fields['slowMs']}
              onChange={(slowMs) => change({ slowMs })}
            />
            <NumberInput
              size="xs"
              label="Keep of all others, %"
              min={0}
              max={100}
              decimalScale={4}
              w={180}
              value={draft.sharePercent}
              error={problem?.fields['share']}
              onChange={(sharePercent) => change({ sharePercent })}
            />
            <NumberInput
              size="xs"
              label="Decide when quiet for, min"
              min={5}
              max={1440}
              w={180}
              value={draft.waitMin}
              error={problem?.fields['waitMs']}
              onChange={(waitMin) => change({ waitMin })}
            />
          </div>
          <p className="muted">
            Until a trace is decided it is all there. Rules over spans should look back no further than that: of older
            traces they see what was kept.
          </p>
          {draft.services.map(({ key, service, percent }) => (
            <div key={key} className="line-form">
              <Autocomplete
                label="Traces in which this service takes part"
                data={known.data?.services ?? []}
                className="grow"
                value={service}
                maxLength={200}
                onChange={(value) => changeService(key, { service: value })}
              />
              <NumberInput
                size="xs"
                label="Keep, %"
                min={0}
                max={100}
                decimalScale={4}
                w={120}
                value={percent}
                onChange={(value) => changeService(key, { percent: value })}
              />
              <RemoveLine
                what={service || 'the service'}
                onRemove={() => change({ services: draft.services.filter((one) => one.key !== key) })}
              />
            </div>
          ))}
          {may && (
            <AddLine
              full={draft.services.length >= 200}
              onAdd={() =>
                change({
                  services: [...draft.services, { key: nextKey(draft.services), service: '', percent: 100 }],
                })
              }
            >
              Add a service
            </AddLine>
          )}
        </fieldset>
        {may && rules !== undefined && <Preview rules={rules} />}
        <FormProblem problem={problem} known={['name', 'slowMs', 'share', 'waitMs']} />
        {may && (
          <SaveLine saving={saving.isPending} whole={rules !== undefined} at={policy.updatedAt} by={policy.updatedBy} />
        )}
      </form>
    </section>
  );
}

/** What the draft would keep of what came lately. */
function Preview({ rules }: { rules: SamplingRules }): ReactNode {
  const [settled] = useDebouncedValue(JSON.stringify(rules), 500);
  const asked = useQuery<Reply<typeof previewSampling>, ProblemError>({
    queryKey: [previewSampling.path, settled],
    queryFn: async ({ signal }) => call(previewSampling, { body: JSON.parse(settled) as SamplingRules }, signal),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 30_000,
  });
  if (asked.error !== null && asked.error.status === 422) return null;
  if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
  if (asked.data === undefined) return <Skeleton height={40} />;
  const { from, to, traces, keptErrors, keptSlow, keptShare, bytes, keptBytes } = asked.data;
  const kept = keptErrors + keptSlow + keptShare;
  const span = to - from >= 3_600_000 ? 'hour' : formatDuration(to - from);
  if (traces === 0) return <p className="muted">No trace began in the last {span}: there is nothing to try it on.</p>;
  return (
    <p role="status" data-stale={asked.isFetching ? '' : undefined}>
      Of the last {span} this would keep <strong>{kept.toLocaleString('en-US')}</strong> of {counted(traces, 'trace')},{' '}
      <strong>{formatBytes(keptBytes)}</strong> of {formatBytes(bytes)}:{' '}
      <span className="muted">
        {keptErrors.toLocaleString('en-US')} with errors, {keptSlow.toLocaleString('en-US')} slow,{' '}
        {keptShare.toLocaleString('en-US')} by share.
      </span>
    </p>
  );
}
