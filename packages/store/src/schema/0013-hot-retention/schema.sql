-- Logs leave the engine by a step that asks for legal holds and counts what goes (`steps/hot-step.ts`): the table's own rule knows neither.
ALTER TABLE logs REMOVE TTL;
