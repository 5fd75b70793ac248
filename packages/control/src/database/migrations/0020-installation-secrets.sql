-- By what processes of one installation know each other. In the clear: the processes may have data folders, and so sealing keys, of their own;
-- who reads this table reads all that these secrets open.
CREATE TABLE installation_secrets (
  name text PRIMARY KEY,
  secret text NOT NULL
);
