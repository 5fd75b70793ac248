export {
  countDocuments,
  globTest,
  listAttributes,
  listIndices,
  searchDocuments,
  type ElasticError,
  type ElasticIndex,
  type ElasticScope,
} from './search-documents.ts';
export { documentBounds, type DocumentBounds } from './document-bounds.ts';
export { knownFields as knownElasticFields, metaAttributes as elasticMetaAttributes } from './fields.ts';
