import { ActionIcon, Button, Menu, Switch, TextInput } from '@mantine/core';
import type { PipelineInput, PipelineStepInput } from '@sightline/contract';
import { IconArrowDown, IconArrowLeft, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { FormProblem } from '../../../components/form-problem.tsx';
import type { ProblemError } from '../../../data/call.ts';
import { useMe } from '../../../data/session.tsx';
import { StepFields } from './step-fields.tsx';
import { freshStep, stepNames, type StepKind } from './step-words.ts';
import { TryOut } from './try-out.tsx';

const stepsAtMost = 20;

interface KeyedStep {
  readonly key: number;
  readonly step: PipelineStepInput;
}

/** One pipeline: its filter, its steps in their order, and what it would make of lines. */
export function PipelineEditor(props: {
  pipeline: PipelineInput;
  isNew: boolean;
  /** Its place in the list: the server names faults by it. */
  place: number;
  problem: ProblemError | null;
  busy: boolean;
  close: () => void;
  save: (pipeline: PipelineInput) => Promise<unknown>;
}): ReactNode {
  const { isNew, place, problem, busy, close } = props;
  const me = useMe();
  const may = me.may('admin');
  const [head, setHead] = useState(() => ({ ...props.pipeline, steps: [] }));
  const [steps, setSteps] = useState<readonly KeyedStep[]>(() =>
    props.pipeline.steps.map((step, key) => ({ key, step })),
  );
  const pipeline: PipelineInput = { ...head, name: head.name.trim(), steps: steps.map(({ step }) => step) };
  const faultOf = (...path: readonly (string | number)[]): string | undefined =>
    problem?.fields[['pipelines', place, ...path].join('.')];
  const add = (kind: StepKind): void =>
    setSteps((old) => [...old, { key: Math.max(-1, ...old.map(({ key }) => key)) + 1, step: freshStep(kind) }]);
  const move = (from: number, by: number): void =>
    setSteps((old) => {
      const list = [...old];
      const [moved] = list.splice(from, 1);
      return moved ? [...list.slice(0, from + by), moved, ...list.slice(from + by)] : old;
    });
  return (
    <section className="pipeline-editor" aria-label={isNew ? 'New pipeline' : head.name}>
      <form
        className="panel panel-body stack"
        onSubmit={(event) => {
          event.preventDefault();
          // What the server says to it stands in `problem`.
          void props.save(pipeline).catch(() => undefined);
        }}
      >
        <div className="row">
          <Button variant="default" size="compact-sm" leftSection={<IconArrowLeft size={14} />} onClick={close}>
            All pipelines
          </Button>
          <h2 className="part-title grow">{isNew ? 'New pipeline' : props.pipeline.name}</h2>
        </div>
        <fieldset disabled={!may} className="stack bare">
          <div className="line-form">
            <TextInput
              label="Name"
              className="grow"
              required
              withAsterisk={false}
              maxLength={100}
              value={head.name}
              error={faultOf('name')}
              onChange={(event) => setHead({ ...head, name: event.currentTarget.value })}
            />
            <TextInput
              label="Which logs"
              description="In the search language; empty takes all"
              className="grow pipeline-filter"
              placeholder="service:nginx"
              maxLength={4000}
              value={head.filter}
              error={faultOf('filter')}
              onChange={(event) => setHead({ ...head, filter: event.currentTarget.value })}
            />
            <Switch
              label="On"
              className="pipeline-on"
              checked={head.enabled}
              disabled={!may}
              onChange={(event) => setHead({ ...head, enabled: event.currentTarget.checked })}
            />
          </div>
          <ol className="step-list">
            {steps.map(({ key, step }, n) => (
              <li key={key} className="step" aria-label={`Step ${n + 1}`}>
                <div className="step-head">
                  <strong>
                    {n + 1}. {stepNames[step.kind]}
                  </strong>
                  <span className="grow" />
                  <ActionIcon
                    variant="subtle"
                    size={24}
                    aria-label={`Move step ${n + 1} up`}
                    disabled={!may || n === 0}
                    onClick={() => move(n, -1)}
                  >
                    <IconArrowUp size={14} />
                  </ActionIcon>
                  <ActionIcon
                    variant="subtle"
                    size={24}
                    aria-label={`Move step ${n + 1} down`}
                    disabled={!may || n === steps.length - 1}
                    onClick={() => move(n, 1)}
                  >
                    <IconArrowDown size={14} />
                  </ActionIcon>
                  <ActionIcon
                    variant="subtle"
                    size={24}
                    aria-label={`Remove step ${n + 1}`}
                    disabled={!may}
                    onClick={() => setSteps(steps.filter((one) => one.key !== key))}
                  >
                    <IconTrash size={14} />
                  </ActionIcon>
                </div>
                <StepFields
                  step={step}
                  faultOf={(field) => faultOf('steps', n, field)}
                  change={(changed) => setSteps(steps.map((one) => (one.key === key ? { key, step: changed } : one)))}
                />
              </li>
            ))}
          </ol>
          {may && (
            <Menu position="bottom-start" shadow="none" withinPortal>
              <Menu.Target>
                <Button
                  variant="default"
                  size="compact-sm"
                  className="step-add"
                  leftSection={<IconPlus size={14} />}
                  disabled={steps.length >= stepsAtMost}
                >
                  Add a step
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {(Object.keys(stepNames) as StepKind[]).map((kind) => (
                  <Menu.Item key={kind} onClick={() => add(kind)}>
                    {stepNames[kind]}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )}
        </fieldset>
        <FormProblem problem={problem} known={[]} />
        {may && (
          <div className="row">
            <Button type="submit" loading={busy}>
              Save
            </Button>
            <span className="muted">
              What is received from a moment later on passes it; stored logs stay as they are.
            </span>
          </div>
        )}
      </form>
      <TryOut pipeline={pipeline} />
    </section>
  );
}
