import { fillVariables } from '@sightline/contract';
import { useElementSize } from '@mantine/hooks';
import { useMemo, type ReactNode } from 'react';
import { copyText } from '../../components/copy.ts';
import { Drawer } from '../../components/drawer.tsx';
import { Go, useAddressOf } from '../../shell/go.tsx';
import { PanelBody } from './panel-body.tsx';
import { linkAddress, type PanelFrameProps } from './panel-frame.tsx';
import { readWords } from './read-words.ts';
import { filledExpression, lacksWeek, useFrames, windowOf } from './use-frames.ts';

const bodyPx = 340;

/** One panel larger, with what it asks and the ways on from there. */
export function PanelDrawer(
  props: Omit<PanelFrameProps, 'onOpen' | 'handles' | 'acts'> & {
    onClose: () => void;
    onNext: (() => void) | undefined;
    onPrevious: (() => void) | undefined;
  },
): ReactNode {
  const { placed, scope, compare, marks, onRange } = props;
  const { panel, own } = placed;
  const values = useMemo(() => ({ ...props.values, ...own }), [props.values, own]);
  const addressOf = useAddressOf();
  const { ref, width } = useElementSize();
  const wide = useMemo(() => ({ ...panel, place: { ...panel.place, x: 0, w: 24 } }), [panel]);
  const data = useFrames(wide, values, scope, { when: true, compare });
  const title = fillVariables(panel.title, values, 'text') || 'Panel';
  return (
    <Drawer
      title={title}
      label={title}
      width={860}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
    >
      <div className="drawer-parts">
        {panel.description !== '' && <p className="muted">{fillVariables(panel.description, values, 'text')}</p>}
        {compare && lacksWeek(panel) && (
          <p className="muted">Last week is not beside it: this kind of panel, or what it asks, has none.</p>
        )}
        <div ref={ref} className="panel-large" style={{ height: bodyPx }}>
          {width > 0 && (
            <PanelBody
              panel={wide}
              data={data}
              values={values}
              scope={scope}
              label={title}
              width={width}
              height={bodyPx}
              marks={marks}
              onRange={onRange}
            />
          )}
        </div>
        {[...data.faults.map(({ ref: query, message }) => `Query ${query}: ${message}`), ...data.warnings].map(
          (line) => (
            <p key={line} className="form-problem">
              {line}
            </p>
          ),
        )}
        {panel.queries.map((query) => (
          <section key={query.ref} aria-label={`Query ${query.ref}`}>
            <h3 className="part-title">Query {query.ref}</h3>
            {query.kind === 'promql' && (
              <>
                <pre className="query-text">{filledExpression(query, values, windowOf(wide, scope))}</pre>
                <div className="ways-on">
                  <Go
                    to="/metrics"
                    search={{ mode: 'promql', expr: filledExpression(query, values, windowOf(wide, scope)) }}
                  >
                    Explore in Metrics
                  </Go>
                </div>
              </>
            )}
            {query.kind === 'logs' && (
              <>
                <pre className="query-text">{fillVariables(query.q, values, 'logs') || '(all logs)'}</pre>
                <div className="ways-on">
                  <Go to="/logs" search={{ q: fillVariables(query.q, values, 'logs') }}>
                    Open in Logs
                  </Go>
                </div>
              </>
            )}
            {query.kind === 'read' && <p className="muted">What Sightline knows: {readWords[query.read]}.</p>}
          </section>
        ))}
        <div className="ways-on">
          {panel.links.map((link) => {
            const url = fillVariables(link.url, values, 'address');
            return (
              <a
                key={link.title + link.url}
                href={url.startsWith('/') ? linkAddress(url, link.keepScope, addressOf) : url}
              >
                {fillVariables(link.title, values, 'text')}
              </a>
            );
          })}
          <button type="button" className="plain-button" onClick={() => void copyText(window.location.href, 'Link')}>
            Copy link
          </button>
        </div>
      </div>
    </Drawer>
  );
}
