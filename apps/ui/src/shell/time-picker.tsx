import { ActionIcon, Button, Popover, TextInput, Tooltip } from '@mantine/core';
import { IconChevronDown, IconPlayerPauseFilled, IconPlayerPlayFilled, IconRefresh } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useScope } from '../data/scope.ts';
import { describeTimeRange, relativeRanges } from '../data/time-range.ts';
import { localInputText, readLocalInput } from './time-input.ts';

/** The one time range, with live. */
export function TimePicker(): ReactNode {
  const { scope, query, setScope, refresh } = useScope();
  const [open, setOpen] = useState(false);
  const relativeKind = scope.time.kind === 'relative';
  const label = describeTimeRange(scope.time);
  return (
    <div className="time-picker">
      <Popover opened={open} onChange={setOpen} position="bottom-end" width="min(420px, calc(100vw - 16px))" trapFocus>
        <Popover.Target>
          <Button
            variant="default"
            rightSection={<IconChevronDown size={14} aria-hidden />}
            onClick={() => setOpen(!open)}
          >
            <span className="only-read-aloud">Time range: </span>
            <span className="wide-only">{label}</span>
            <span className="narrow-only">{scope.time.kind === 'relative' ? scope.time.range : 'fixed'}</span>
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={8}>
          <div className="presets">
            {relativeRanges.map((range) => (
              <Button
                key={range}
                variant={scope.time.kind === 'relative' && scope.time.range === range ? 'light' : 'subtle'}
                justify="flex-start"
                onClick={() => {
                  setScope({ time: { kind: 'relative', range } });
                  setOpen(false);
                }}
              >
                {describeTimeRange({ kind: 'relative', range })}
              </Button>
            ))}
          </div>
          <FixedRange
            key={`${query.from}-${query.to}`}
            from={query.from}
            to={query.to}
            onPick={(from, to) => {
              setScope({ time: { kind: 'fixed', from, to }, live: false });
              setOpen(false);
            }}
          />
        </Popover.Dropdown>
      </Popover>
      <Tooltip
        label={
          relativeKind ? (scope.live ? 'Live: stop' : 'Follow what comes in') : 'Fixed range: go to the last hour, live'
        }
      >
        <Button
          variant={scope.live ? 'light' : 'default'}
          px={8}
          aria-pressed={scope.live}
          leftSection={
            scope.live ? (
              <IconPlayerPauseFilled size={12} aria-hidden />
            ) : (
              <IconPlayerPlayFilled size={12} aria-hidden />
            )
          }
          onClick={() =>
            setScope(relativeKind ? { live: !scope.live } : { time: { kind: 'relative', range: '1h' }, live: true })
          }
        >
          Live
        </Button>
      </Tooltip>
      {relativeKind && !scope.live && (
        <Tooltip label="Up to now">
          <ActionIcon
            className="wide-only"
            variant="default"
            size={30}
            aria-label="Refresh up to now"
            onClick={refresh}
          >
            <IconRefresh size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}

function FixedRange(props: { from: number; to: number; onPick: (from: number, to: number) => void }): ReactNode {
  const [from, setFrom] = useState(localInputText(props.from));
  const [to, setTo] = useState(localInputText(props.to));
  const start = readLocalInput(from);
  const end = readLocalInput(to);
  const wrong =
    start === undefined || end === undefined ? 'Both ends are needed' : start >= end ? 'Ends before it starts' : '';
  return (
    <form
      className="fixed-range"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong === '' && start !== undefined && end !== undefined) props.onPick(start, end);
      }}
    >
      <TextInput
        type="datetime-local"
        step={1}
        label="From"
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        step={1}
        label="To"
        value={to}
        error={wrong === '' ? undefined : wrong}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Button type="submit" disabled={wrong !== ''}>
        Show this range
      </Button>
    </form>
  );
}
