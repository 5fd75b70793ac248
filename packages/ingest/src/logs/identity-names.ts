/**
 * Names under which loggers without a standard put what we have columns for, best first; compared without case and separators.
 */
export const traceIdNames = ['trace.id', 'otel.trace.id', 'dd.trace.id', 'trace'];
export const spanIdNames = ['span.id', 'otel.span.id'];
export const correlationIdNames = ['correlation.id', 'x.correlation.id', 'request.id', 'x.request.id', 'req.id'];
export const siteNames = ['site', 'site.id', 'store', 'store.id', 'site.name', 'store.name', 'sightline.site'];
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
  'pod.name',
  'k8s.pod.name',
  'kubernetes.pod.name',
  'service.node.name',
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
  'container.name',
  'k8s.deployment.name',
  'k8s.container.name',
  'kubernetes.container.name',
  'syslog.identifier',
  'app.kubernetes.io/instance',
];
export const environmentNames = [
  'environment',
  'env',
  'deployment.environment.name',
  'deployment.environment',
  'stage',
  'service.environment',
];
export const releaseNames = ['release', 'service.version', 'version', 'app.version'];
