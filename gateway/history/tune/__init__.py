"""From a site's own history: what dead band and delays would remove chattering, and what that costs in lateness."""
