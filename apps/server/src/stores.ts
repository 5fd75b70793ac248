import type { Clock, Logger } from '@sightline/base';
import { type Control, openControl } from '@sightline/control';
import type { TelemetryReads } from '@sightline/query';
import { type MetricEngine, unavailableMetrics } from '@sightline/query/promql';
import { bringUpToDate, connectStore, openEmbeddedStore } from '@sightline/store';
import type { Closers } from './closers.ts';
import type { Config } from './config.ts';
import type { Stores } from './stage.ts';

/** Opens both stores at the same time; where one fails, the other is closed before the error goes on. */
export async function openStores(config: Config, clock: Clock, logger: Logger, closers: Closers): Promise<Stores> {
  const openTelemetry = async (): Promise<Pick<Stores, 'store' | 'engine'>> => {
    const engine = config.clickhouseUrl
      ? undefined
      : await openEmbeddedStore({ dataFolder: config.dataFolder, logger, clock });
    const store = engine ?? (await connectStore({ url: config.clickhouseUrl, clock }));
    closers.add('telemetry store', () => store.close());
    await bringUpToDate(store, logger);
    return { store, engine };
  };
  const openDatabase = async (): Promise<Control> => {
    const control = await openControl({
      dataFolder: config.dataFolder,
      logger,
      clock,
      ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : {}),
    });
    closers.add('control plane', () => control.close());
    return control;
  };
  const [telemetry, control] = await Promise.allSettled([openTelemetry(), openDatabase()]);
  if (telemetry.status === 'rejected') throw telemetry.reason;
  if (control.status === 'rejected') throw control.reason;
  return { ...telemetry.value, control: control.value };
}

/** What queries read: rows of the telemetry store, metrics where this process answers them, and what the control plane knows of issues. */
export function readsOf({ store, control }: Stores, metrics: MetricEngine | undefined): TelemetryReads {
  return {
    query: (...question) => store.query(...question),
    stream: (...question) => store.stream(...question),
    metrics: metrics ?? unavailableMetrics('this server holds no metrics'),
    issues: async (organisation) => {
      const [decisions, merges] = await Promise.all([
        control.issueStates.list(organisation),
        control.issues.merges.list(organisation),
      ]);
      return { decisions, merged: new Map(merges.map(({ issue, into }) => [issue, into])) };
    },
    feedback: async (...range) => (await control.feedback.written(...range)).states,
    templates: control.detect.templates,
  };
}
