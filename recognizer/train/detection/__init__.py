"""What the trainings of the proposal net and of the follow net share; MTCNN is the teacher of both."""
