"""Where things lie: folders and object stores."""
