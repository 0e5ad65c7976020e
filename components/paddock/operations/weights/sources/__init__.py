"""Sources of weights: a repository of Hugging Face, a prefix in S3, a folder; all are listed and read alike."""
