export { groupEvent, groupingVersion, type Groupable, type Grouping } from './group-event.ts';
export { messageTemplate } from './message-template.ts';
export { errorRowOf, errorsKeptDays, eventIdOf, userIdOf, type ErrorRow, type EventOrigin } from './normalise-event.ts';
