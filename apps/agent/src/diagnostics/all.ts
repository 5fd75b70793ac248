import type { AgentDiagnostic } from './diagnostic.ts';
import { dockerStatusDiagnostic } from './docker-status/docker-status.ts';
import { logsDiagnostic } from './logs/logs.ts';
import { restartServiceDiagnostic } from './restart-service/restart-service.ts';
import { systemInfoDiagnostic } from './system-info/system-info.ts';

/** Everything this agent can be asked. */
export const diagnostics: readonly AgentDiagnostic[] = [
  systemInfoDiagnostic,
  dockerStatusDiagnostic,
  logsDiagnostic,
  restartServiceDiagnostic,
];
