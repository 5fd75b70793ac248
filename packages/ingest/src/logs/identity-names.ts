/**
 * Names under which loggers without a standard put what we have columns for, best first; compared without case and separators.
 */
export const traceIdNames = ['trace.id', 'otel.trace.id', 'dd.trace.id'];
export const spanIdNames = ['span.id', 'otel.span.id'];
export const correlationIdNames = ['correlation.id', 'x.correlation.id', 'request.id', 'x.request.id', 'req.id'];
export const siteNames = ['site', 'site.id', 'store', 'store.id', 'site.name', 'store.name'];
export const deviceNames = [
  'terminal',
  'terminal.id',
  'device',
  'device.id',
  'register',
  'host',
  'hostname',
  'host.name',
  'node.name',
  'instance',
  'pod',
];
export const serviceNames = [
  'service.name',
  'service',
  'app',
  'application',
  'app.name',
  'job',
  'app.kubernetes.io/name',
  'container',
  'component',
];
export const environmentNames = [
  'environment',
  'env',
  'deployment.environment.name',
  'deployment.environment',
  'stage',
];
export const releaseNames = ['release', 'service.version', 'version', 'app.version'];
