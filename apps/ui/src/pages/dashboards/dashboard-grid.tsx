import type { DashboardDocument, DashboardPanel, PanelPlace } from '@sightline/contract';
import { fillVariables, type VariableValues } from '@sightline/contract';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useMemo, useRef, type ReactNode } from 'react';
import type { ChartMark } from '../../charts/uplot-options.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { Handles } from './edit/handles.tsx';
import { placePanels, type PlacedPanel } from './layout.ts';
import { PanelFrame } from './panel-frame.tsx';

interface GridProps {
  readonly document: DashboardDocument;
  readonly values: VariableValues;
  readonly scope: ScopeQuery;
  readonly compare: boolean;
  readonly marks: readonly ChartMark[];
  readonly closed: ReadonlySet<string>;
  readonly onToggle: (row: string) => void;
  readonly onRange: (from: number, to: number) => void;
  readonly onOpen: (key: string) => void;
  /** While it is edited: every panel once, with handles. */
  readonly edit?:
    | {
        readonly onPlace: (id: string, place: PanelPlace) => void;
        readonly renderActs: (panel: DashboardPanel) => ReactNode;
      }
    | undefined;
}

const noneClosed: ReadonlySet<string> = new Set();

/** A stat this narrow is one figure: on a phone two stand side by side. */
const figureColumns = 6;

/** All panels on 24 columns; one below the other on a phone, single figures in pairs. */
export function DashboardGrid(props: GridProps): ReactNode {
  const { document, values, closed, edit } = props;
  const grid = useRef<HTMLDivElement>(null);
  const placed = useMemo(() => {
    if (edit === undefined) return placePanels(document.panels, values, closed);
    return placePanels(document.panels, {}, noneClosed);
  }, [document.panels, values, closed, edit]);
  const inOrder = placed.toSorted((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
  return (
    <div className="dash-grid" ref={grid} data-edit={edit === undefined ? undefined : ''}>
      {inOrder.map((one) => (
        <div
          key={one.key}
          className="dash-cell"
          data-type={one.panel.type}
          data-figure={one.panel.type === 'stat' && one.place.w <= figureColumns ? '' : undefined}
          style={cellStyle(one.place)}
        >
          {one.panel.type === 'row' ? (
            <RowHead {...props} one={one} />
          ) : (
            <PanelFrame
              placed={one}
              values={values}
              scope={props.scope}
              compare={props.compare}
              marks={props.marks}
              onRange={props.onRange}
              onOpen={props.onOpen}
              {...(edit === undefined
                ? {}
                : {
                    handles: (
                      <Handles panel={one.panel} grid={grid} onPlace={(place) => edit.onPlace(one.panel.id, place)} />
                    ),
                    acts: edit.renderActs(one.panel),
                  })}
            />
          )}
        </div>
      ))}
    </div>
  );
}

function cellStyle({ x, y, w, h }: PanelPlace): object {
  return { gridColumn: `${x + 1} / span ${w}`, gridRow: `${y + 1} / span ${h}`, '--rows': h };
}

function RowHead({ one, values, closed, onToggle, edit, onOpen }: GridProps & { one: PlacedPanel }): ReactNode {
  const open = edit !== undefined || !closed.has(one.panel.id);
  const title = fillVariables(one.panel.title, { ...values, ...one.own }, 'text') || 'Row';
  return (
    <h2 className="dash-row">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => (edit === undefined ? onToggle(one.panel.id) : onOpen(one.key))}
      >
        {open ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
        {title}
      </button>
    </h2>
  );
}
