"""Output: messages to people by mail, SMS and the robots of chat groups."""
