"""What somebody who means harm hands over: folders, databases, texts; and that nothing gets
through.
"""
