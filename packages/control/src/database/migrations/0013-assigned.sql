-- Messages that are about no incident: `assigned` tells the owner of an issue. Where the message leads to within the interface; '' for an incident's page.
ALTER TABLE notifications ADD COLUMN link text NOT NULL DEFAULT '';
