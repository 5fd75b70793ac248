export {
  listIssues,
  shownStatus,
  type IssueDecision,
  type IssueFault,
  type IssueQuery,
  type IssueRow,
  type IssueSort,
  type ShownStatus,
  type StatusFilter,
} from './list-issues.ts';
export { knownIssueHashes } from './known-hashes.ts';
export {
  listAttachments,
  listIssueEvents,
  readAttachment,
  readIssue,
  readIssueRow,
  type AttachmentInfo,
  type ErrorEvent,
  type ErrorRow,
  type IssueKey,
  type IssuePage,
  type TagValues,
} from './read-issue.ts';
