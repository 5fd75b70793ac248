import { Button, Menu, Switch, TextInput } from '@mantine/core';
import { IconHistory, IconLayoutDashboard } from '@tabler/icons-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { Skeleton } from '../../components/skeleton.tsx';
import { useGo } from '../../shell/go.tsx';
import { formulaRef, type Asked } from './promql-asked.ts';

const PromqlEditor = lazy(async () => import('../../promql/promql-editor.tsx'));

const historyShown = 15;

type EditorFault = { readonly message: string; readonly from: number; readonly to: number };

/** The lines in which it is written; the second query and the formula come when they are asked for. */
export function PromqlLines(props: {
  written: Asked;
  onWrite: (next: Asked) => void;
  onRun: (next: Asked) => void;
  running: boolean;
  hidden: ReadonlySet<string>;
  onHide: (ref: string) => void;
  faultOf: (ref: 'A' | 'B', text: string) => EditorFault | undefined;
  history: readonly string[];
  onForget: () => void;
}): ReactNode {
  const { written, onWrite, onRun, hidden, onHide, faultOf } = props;
  const go = useGo();
  const [second, setSecond] = useState(false);
  const two = second || written.b !== '' || written.formula !== '';
  const eye = (ref: string): ReactNode =>
    two && (
      <Switch
        size="xs"
        className="promql-shown"
        label="Shown"
        aria-label={`${ref} is shown`}
        checked={!hidden.has(ref)}
        onChange={() => onHide(ref)}
      />
    );
  return (
    <form
      className="promql-lines"
      onSubmit={(event) => {
        event.preventDefault();
        onRun(written);
      }}
    >
      <div className="language-line">
        {two && <strong className="promql-ref">A</strong>}
        <div className="grow">
          <Suspense fallback={<Skeleton height={32} />}>
            <PromqlEditor
              label={two ? 'PromQL of A' : 'PromQL'}
              placeholder="sum by (site)(rate(order_count_total[5m]))"
              value={written.a}
              onChange={(a) => onWrite({ ...written, a })}
              onSubmit={(a) => onRun({ ...written, a })}
              fault={faultOf('A', written.a)}
            />
          </Suspense>
        </div>
        {eye('A')}
        <Button type="submit" loading={props.running}>
          Run
        </Button>
        <Button
          variant="default"
          disabled={written.a.trim() === ''}
          leftSection={<IconLayoutDashboard size={14} aria-hidden />}
          onClick={() =>
            go('/dashboards', { add: written.a, mode: '', expr: '', b: '', formula: '', hide: '', stack: '', view: '' })
          }
        >
          Add to a dashboard
        </Button>
      </div>
      {two && (
        <>
          <div className="language-line">
            <strong className="promql-ref">B</strong>
            <div className="grow">
              <Suspense fallback={<Skeleton height={32} />}>
                <PromqlEditor
                  label="PromQL of B"
                  value={written.b}
                  onChange={(b) => onWrite({ ...written, b })}
                  onSubmit={(b) => onRun({ ...written, b })}
                  fault={faultOf('B', written.b)}
                />
              </Suspense>
            </div>
            {eye('B')}
          </div>
          <div className="language-line">
            <TextInput
              className="grow"
              aria-label="Formula of A and B"
              placeholder="A / B"
              description="A formula of A and B, such as A / B or 100 * A / on(site) B. It stands on the axis at the right."
              value={written.formula}
              maxLength={1000}
              onChange={(event) => onWrite({ ...written, formula: event.currentTarget.value })}
            />
            {eye(formulaRef)}
          </div>
        </>
      )}
      <div className="row">
        {two ? (
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => {
              setSecond(false);
              onRun({ ...written, b: '', formula: '' });
            }}
          >
            Remove the second query
          </Button>
        ) : (
          <Button variant="default" size="compact-xs" onClick={() => setSecond(true)}>
            Add a second query
          </Button>
        )}
        {props.history.length > 0 && (
          <Menu position="bottom-start" width="min(640px, 92vw)">
            <Menu.Target>
              <Button variant="default" size="compact-xs" leftSection={<IconHistory size={12} aria-hidden />}>
                Earlier queries
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>Run in this browser; nobody else sees them</Menu.Label>
              {props.history.slice(0, historyShown).map((one) => (
                <Menu.Item key={one} className="code promql-earlier" onClick={() => onRun({ ...written, a: one })}>
                  {one}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Item onClick={props.onForget}>Forget them</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    </form>
  );
}
