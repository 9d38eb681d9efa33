"""What several papers' networks share."""
