import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { fillVariables, type VariableValues } from '@sightline/contract';
import { IconAlertTriangle, IconDots, IconInfoCircle } from '@tabler/icons-react';
import { useMemo, type ReactNode } from 'react';
import type { ChartMark } from '../../charts/uplot-options.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { useAddressOf, useGo } from '../../shell/go.tsx';
import type { PlacedPanel } from './layout.ts';
import { PanelBody } from './panel-body.tsx';
import { filledExpression, lacksWeek, useFrames, windowOf } from './use-frames.ts';
import { useSight } from './use-sight.ts';

export interface PanelFrameProps {
  readonly placed: PlacedPanel;
  readonly values: VariableValues;
  readonly scope: ScopeQuery;
  readonly compare: boolean;
  readonly marks: readonly ChartMark[];
  readonly onRange: (from: number, to: number) => void;
  readonly onOpen: (key: string) => void;
  /** What an editor adds: handles, and entries of the menu. */
  readonly handles?: ReactNode;
  readonly acts?: ReactNode;
}

const noLabels = (marks: readonly ChartMark[]): readonly ChartMark[] =>
  marks.map((mark) => ({ ...mark, label: '', title: mark.title ?? mark.label }));

/** One panel: its title, what is wrong with it, what can be done, and the drawing. Asks once it is in sight. */
export function PanelFrame(props: PanelFrameProps): ReactNode {
  const { placed, scope, compare, onRange, onOpen } = props;
  const { panel, own } = placed;
  const values = useMemo(() => ({ ...props.values, ...own }), [props.values, own]);
  const [sight, seen] = useSight();
  const { ref, width, height } = useElementSize();
  const data = useFrames(panel, values, scope, { when: seen, compare });
  const title = fillVariables(panel.title, values, 'text');
  const marks = useMemo(() => (width < 560 ? noLabels(props.marks) : props.marks), [props.marks, width]);
  const said = [...data.faults.map(({ ref: query, message }) => `Query ${query}: ${message}`), ...data.warnings];
  return (
    <section ref={sight} className="panel dash-panel" aria-label={title || 'Panel'} data-type={panel.type}>
      <header className="dash-panel-head">
        {props.handles}
        <h2 title={title}>
          <button type="button" className="plain-link" onClick={() => onOpen(placed.key)}>
            {title || <span className="only-read-aloud">Panel without a title: open</span>}
          </button>
        </h2>
        {panel.description !== '' && (
          <Tooltip label={fillVariables(panel.description, values, 'text')} multiline maw={320}>
            <span className="dash-panel-sign" role="img" aria-label={panel.description}>
              <IconInfoCircle size={14} aria-hidden />
            </span>
          </Tooltip>
        )}
        {compare && lacksWeek(panel) && (
          <span
            className="dash-panel-note muted"
            title="This kind of panel, or what it asks, has no values of last week."
          >
            without last week
          </span>
        )}
        {said.length > 0 && data.frames.length > 0 && (
          <Tooltip label={said.join('\n')} multiline maw={420}>
            <span className="dash-panel-sign" data-tone="warn" role="img" aria-label={said.join(' ')}>
              <IconAlertTriangle size={14} aria-hidden />
            </span>
          </Tooltip>
        )}
        <PanelMenu {...props} values={values} title={title} />
      </header>
      <div className="dash-panel-body" ref={ref}>
        {seen && width > 0 && (
          <PanelBody
            panel={panel}
            data={data}
            values={values}
            scope={scope}
            label={title || 'Panel'}
            width={width}
            height={height}
            marks={marks}
            onRange={onRange}
          />
        )}
      </div>
    </section>
  );
}

function PanelMenu({ placed, values, scope, onOpen, acts, title }: PanelFrameProps & { title: string }): ReactNode {
  const go = useGo();
  const addressOf = useAddressOf();
  const { panel } = placed;
  const query = panel.queries.find((one) => one.kind === 'promql');
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          aria-label={`${title || 'Panel'}: more`}
          className="dash-panel-more"
        >
          <IconDots size={14} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onOpen(placed.key)}>Open</Menu.Item>
        {query !== undefined && (
          <Menu.Item
            onClick={() =>
              go('/metrics', { mode: 'promql', expr: filledExpression(query, values, windowOf(panel, scope)) })
            }
          >
            Explore in Metrics
          </Menu.Item>
        )}
        {panel.links.map((link) => {
          const url = fillVariables(link.url, values, 'address');
          return (
            <Menu.Item
              key={link.title + link.url}
              component="a"
              href={url.startsWith('/') ? linkAddress(url, link.keepScope, addressOf) : url}
            >
              {fillVariables(link.title, values, 'text')}
            </Menu.Item>
          );
        })}
        {acts}
      </Menu.Dropdown>
    </Menu>
  );
}

/** A path of ours with the scope taken along: `/logs?q=x` keeps its own values. */
export function linkAddress(url: string, keepScope: boolean, addressOf: ReturnType<typeof useAddressOf>): string {
  if (!keepScope) return url;
  const [path = '/', search = ''] = url.split('?', 2);
  return addressOf(path, Object.fromEntries(new URLSearchParams(search)));
}
