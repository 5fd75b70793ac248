export * from './route.ts';
export { registerApi } from './register-api.ts';
export { authenticate, secretOf, sessionCookie } from './authenticate.ts';
export { sendProblem } from './problem.ts';
export { OwnerAssigner } from './issues/owner-assigner.ts';
export { openApi } from './open-api.ts';
export { allRoutes } from './routes/all.ts';
export type {
  ActiveAlert,
  AlertingRuleState,
  DroppedTarget,
  RecordingRuleState,
  RuleGroupState,
  RuleReader,
  ScrapeTarget,
  TargetReader,
} from './compat/prometheus/ports.ts';
export { isLokiTail } from './compat/loki/tail.ts';
