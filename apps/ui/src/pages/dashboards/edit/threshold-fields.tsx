import { Button, NumberInput, Select } from '@mantine/core';
import type { DashboardPanel, Tone } from '@sightline/contract';
import type { ReactNode } from 'react';

const tones: readonly { value: Tone; label: string }[] = [
  { value: 'idle', label: 'no state' },
  { value: 'good', label: 'good' },
  { value: 'warn', label: 'warning' },
  { value: 'bad', label: 'bad' },
];
const toneOf = (value: string | null): Tone => tones.find((one) => one.value === value)?.value ?? 'idle';

/** From which value on what is shown is good, a warning, or bad. */
export function ThresholdFields({
  panel,
  change,
}: {
  panel: DashboardPanel;
  change: (part: Partial<DashboardPanel>) => void;
}): ReactNode {
  const { base, steps } = panel.thresholds;
  const set = (next: Partial<DashboardPanel['thresholds']>): void => change({ thresholds: { base, steps, ...next } });
  return (
    <section aria-label="Limits" className="stack">
      <h3 className="part-title">Limits</h3>
      <div className="field-row">
        <Select
          label="Below all limits"
          w={130}
          data={[...tones]}
          value={base}
          allowDeselect={false}
          onChange={(value) => set({ base: toneOf(value) })}
        />
        {steps.map((step, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- two limits may be equal while they are written
          <div key={index} className="row limit-fields">
            <NumberInput
              size="xs"
              label="From"
              w={90}
              value={step.at}
              onChange={(value) =>
                typeof value === 'number' &&
                set({ steps: steps.map((one, at) => (at === index ? { ...one, at: value } : one)) })
              }
            />
            <Select
              label="it is"
              w={100}
              data={[...tones]}
              value={step.tone}
              allowDeselect={false}
              onChange={(value) =>
                set({ steps: steps.map((one, at) => (at === index ? { ...one, tone: toneOf(value) } : one)) })
              }
            />
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Remove the limit ${step.at}`}
              onClick={() => set({ steps: steps.filter((_, at) => at !== index) })}
            >
              Remove
            </Button>
          </div>
        ))}
        <Button
          variant="default"
          disabled={steps.length >= 20}
          onClick={() => set({ steps: [...steps, { at: steps.at(-1)?.at ?? 1, tone: 'bad' }] })}
        >
          Add a limit
        </Button>
      </div>
    </section>
  );
}
