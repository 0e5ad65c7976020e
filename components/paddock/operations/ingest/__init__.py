"""Copying images and weights into the account by a build of AWS, started and followed from here."""
