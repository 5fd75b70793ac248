export { openRespond, startRespondLoops, type Respond, type RespondLoops, type RespondParts } from './respond.ts';
export { type Acted, type PersonAct } from './incidents/person-acts.ts';
export { findingKey } from './incidents/finding-key.ts';
export { incidentLine } from './incidents/incident-line.ts';
export { lasting, titleWithoutPlace } from './incidents/words.ts';
export { alertLabels, silenceMatches } from './silence/silence-matches.ts';
export { type Evidence, type EvidenceSeries, type EvidenceSource } from './evidence/evidence.ts';
export { allChannels } from './channels/all.ts';
export { defineChannel, type ChannelTools, type ChannelType, type SendEnding } from './channels/channel.ts';
export {
  describeSettings,
  findChannelType,
  keptSecret,
  readSettings,
  redactSettings,
  type SettingFaults,
  type SettingField,
} from './channels/channel-settings.ts';
export { startDeliverer, type Deliverer, type DelivererOptions } from './notify/deliver.ts';
export { sendTest } from './notify/send-test.ts';
export type { Message, MessageIncident } from './notify/message.ts';
