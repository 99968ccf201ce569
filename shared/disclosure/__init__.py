"""Requests about personal data (開示等請求): from the post-room to the proof that they were carried out."""
