export {
  listIssues,
  type IssueFault,
  type IssueQuery,
  type IssueRow,
  type IssueSort,
  type StatusFilter,
} from './list-issues.ts';
export { settleIssues, type IssueDecision, type SettledIssue, type ShownStatus } from './settle-issues.ts';
export { membersOf, type MergedIssues } from './merged-issues.ts';
export { isNewerRelease } from './newer-release.ts';
export {
  issuesBeginning,
  issuesSince,
  newestRelease,
  readMembers,
  readSimilar,
  readSuspectRelease,
  type RelatedIssue,
  type SimilarIssue,
  type SuspectRelease,
} from './issue-relations.ts';
export { listEvents, type ListedEvent } from './list-events.ts';
export { findIssues, issueSearchFault, type FindIssues, type FoundIssue, type IssueDecisions } from './find-issues.ts';
export { readNewestStacks, type NewestStack } from './newest-stacks.ts';
export { knownIssueHashes } from './known-hashes.ts';
export {
  listAttachments,
  listIssueEvents,
  readAttachment,
  readIssue,
  readIssueRow,
  readIssueTag,
  searchEvents,
  type AttachmentInfo,
  type ErrorEvent,
  type ErrorRow,
  type IssueKey,
  type IssuePage,
} from './read-issue.ts';
export { type TagInFull, type TagValues } from './issue-tags.ts';
